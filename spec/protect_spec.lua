-- Functions of the user's that may wait and may fail, on every Lua.

local esim = require "esim"
local protect = require "esim.protect"

local function list(...)
  return { n = select("#", ...), ... }
end

describe("a protected call", function()
  it("gives all results, or the error as it was raised", function()
    assert.same(list(true), list(protect.call(function() end)))
    assert.same(list(true, 1, nil, 3, nil), list(protect.call(function(...) return ... end, 1, nil, 3, nil)))
    local reason = {}
    local ok, got = protect.call(function() error(reason) end)
    assert.is_false(ok)
    assert.equal(reason, got)
    assert.is_false((protect.call(nil)))
    assert.same(list(true, "function"), list(protect.call(type, print)))
  end)

  it("can be suspended: what it yields reaches the host, and what the host says comes back", function()
    local thread = coroutine.create(function(...)
      return protect.call(function(a)
        local b, c = coroutine.yield(a + 1, nil)
        local d = coroutine.yield(b + c)
        if d == "fail" then error("failed", 0) end
        return d
      end, ...)
    end)
    assert.same(list(true, 2, nil), list(coroutine.resume(thread, 1)))
    assert.same(list(true, 7), list(coroutine.resume(thread, 3, 4)))
    assert.same(list(true, false, "failed"), list(coroutine.resume(thread, "fail")))
    assert.equal("dead", coroutine.status(thread))
  end)

  it("can stand inside another", function()
    local thread = coroutine.create(function()
      return protect.call(protect.call, function() return coroutine.yield("out") end)
    end)
    assert.same(list(true, "out"), list(coroutine.resume(thread)))
    assert.same(list(true, true, true, "in"), list(coroutine.resume(thread, "in")))
  end)

  it("lets a task wait inside, and catches what is raised afterwards", function()
    local order = {}
    esim.run(function()
      local other = esim.spawn(function() order[#order + 1] = "other" end)
      local ok, reason = protect.call(function()
        esim.sleep(0.02)
        order[#order + 1] = "slept"
        error("late", 0)
      end)
      assert.is_false(ok)
      assert.equal("late", reason)
      other:join()
    end)
    assert.same({ "other", "slept" }, order)
  end)
end)

local esim = require "esim"
local protect = require "esim.protect"

describe("a protected call", function()
  it("is pcall", function()
    assert.same({ true, 1, nil, 3 }, { protect.call(function(...) return ... end, 1, nil, 3) })
    assert.same({ false, "mine" }, { protect.call(error, "mine", 0) })
    local thrown = {}
    assert.equal(thrown, select(2, protect.call(error, thrown)))
  end)

  it("lets a coroutine suspend inside, how deep soever", function()
    local thread = coroutine.create(function(...)
      return protect.call(protect.call, function(a, b)
        local c = coroutine.yield(a + b)
        return c, coroutine.yield(c * 2)
      end, ...)
    end)
    assert.same({ true, 3 }, { coroutine.resume(thread, 1, 2) })
    assert.same({ true, 10 }, { coroutine.resume(thread, 5) })
    assert.same({ true, true, true, 5, "end" }, { coroutine.resume(thread, "end") })
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

local esim = require "esim"

describe("tasks", function()
  it("give their results", function()
    assert.same({ 1, nil, 3 }, { esim.run(function(a, b, c) return a, b, c end, 1, nil, 3) })
    assert.equal(7, esim.run(function() return esim.spawn(function() esim.sleep(0.01) return 7 end):join() end))
  end)

  it("sleep side by side", function()
    local core = require "esim.core"
    local began = core.clock()
    esim.run(function()
      for _ = 1, 100 do esim.spawn(esim.sleep, 0.1) end
    end)
    assert.is_true(core.clock() - began < 5)
    assert.is_true(core.clock() - began >= 0.1)
  end)

  it("raise where they are joined, or at the end of run", function()
    assert.has_error(function() esim.run(function() error({ 1 }) end) end)
    local ok, reason = pcall(esim.run, function()
      esim.spawn(function() error("nobody hears", 0) end)
    end)
    assert.is_false(ok)
    assert.truthy(reason:find("nobody hears", 1, true))
    ok, reason = pcall(esim.run, function()
      return esim.all { function() error("first", 0) end, function() return 1 end }
    end)
    assert.is_false(ok)
    assert.truthy(reason:find("first", 1, true))
  end)

  it("are refused what is no function", function()
    assert.has_error(function() esim.run(1) end)
    assert.has_error(function() esim.spawn() end)
    assert.has_error(function() esim.all { 1 } end)
    for _, seconds in ipairs { -1, 0 / 0, math.huge, 1e10 } do
      local ok, reason = pcall(function() esim.sleep(seconds) end)
      assert.is_false(ok)
      assert.truthy(reason:find("task_spec.lua", 1, true), reason)
    end
  end)

  it("find out that nothing can come", function()
    local ok, reason = pcall(esim.run, function() coroutine.yield() end)
    assert.is_false(ok)
    assert.truthy(tostring(reason):find("cannot come", 1, true))
    assert.equal(1, esim.run(function() return 1 end))  -- later ones do not wait for what is stuck
  end)

  it("that cannot wait inside pcall, in Lua 5.1, are ended once", function()
    assert.equal(7, esim.run(function()
      pcall(esim.sleep, 0.01)
      esim.spawn(pcall, esim.sleep, 0.02)
      esim.spawn(esim.sleep, 0.05)
      return 7
    end))
    local slept = 0
    esim.run(function()
      for _ = 1, 3 do
        esim.spawn(function()
          esim.sleep(0.05)
          slept = slept + 1
        end)
      end
    end)
    assert.equal(3, slept)
  end)
end)

describe("a scheduler of one's own", function()
  it("needs done, fd and pump", function()
    local awaited = 0
    esim.use { await = function(pending)
      assert.is_number(esim.fd())
      while not pending:done() do
        awaited = awaited + 1
        coroutine.yield()
      end
    end }
    local thread = coroutine.create(function() esim.sleep(0.05) return "slept" end)
    local result
    while coroutine.status(thread) ~= "dead" do
      esim.pump()
      result = select(2, coroutine.resume(thread))
    end
    esim.use(nil)
    assert.equal("slept", result)
    assert.is_true(awaited > 0)
    assert.has_error(function() esim.use("nothing") end)
  end)
end)

-- esim.run in a coroutine of the user's own inside a task waited for that very task to end: it raised, when the
-- order inside it had been placed, and its result was lost.

local esim = require "esim"

describe("esim.run in a coroutine inside a task", function()
  it("gives its result when its function has ended", function()
    local told, others = {}, 0
    assert.equal("outer", esim.run(function()
      esim.spawn(function() esim.sleep(0.1) others = others + 1 end)
      for i = 1, 3 do
        told[i] = coroutine.wrap(function()
          return esim.run(function() esim.sleep(0.01) return i end)
        end)()
      end
      return "outer"
    end))
    assert.same({ 1, 2, 3 }, told)
    assert.equal(1, others)
  end)

  it("raises its own error", function()
    assert.is_true(esim.run(function()
      local ok, reason = coroutine.wrap(function()
        return pcall(esim.run, function() error("inside", 0) end)
      end)()
      return not ok and reason:find("inside", 1, true) ~= nil
    end))
  end)
end)

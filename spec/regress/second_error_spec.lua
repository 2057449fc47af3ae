-- Two tasks that nobody had joined ended in an error; when the first was joined after all, the second's error was
-- forgotten with it.

local esim = require "esim"

describe("the error of a task that nobody joins", function()
  it("is raised by run, also when an earlier one was joined late", function()
    local ok, reason = pcall(esim.run, function()
      local first = esim.spawn(function() error("first", 0) end)
      esim.spawn(function() error("second", 0) end)
      esim.sleep(0.01)
      pcall(first.join, first)
    end)
    assert.is_false(ok)
    assert.truthy(reason:find("second", 1, true))
    assert.equal(1, esim.run(function() return 1 end))
  end)
end)

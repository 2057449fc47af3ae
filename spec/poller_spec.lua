-- How the engine waits for its sockets, on a system that does not let it wait as finely as it would.

local provider = require "spec.support.provider"
local starved = require "spec.support.starved"

describe("where the system refuses the finer wait", function()
  it("it is asked for once, and an order is placed and waited for all the same", function()
    local box = provider.start { delay = 0.1 }
    local pipe = starved.start("refused_wait", { box.url, box.token }, false, "refusing")
    local said = pipe:read "*a"
    pipe:close()
    assert(box.stop())
    local refused, size = said:match("^(%d+)%s+(%d+)")
    assert.truthy(refused, said)
    assert.is_true(tonumber(refused) <= 1, said)  -- 0: built with a C library that has no such call
    assert.is_true(tonumber(size) > 20, said)
  end)
end)

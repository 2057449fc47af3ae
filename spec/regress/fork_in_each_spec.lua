-- A child of a fork was told "forked" also of a look that had come back before: esim.each gave its order twice, and one
-- behind it never.

local esim = require "esim"
local loop = require "esim.loop"
local process = require "esim_process"
local provider = require "spec.support.provider"

describe("a process that forks between two steps of esim.each", function()
  it("has in its child each order once, in the parent too", function()
    local box = provider.start { delay = 0 }
    local orders, times = {}, {}
    for i = 1, 3 do orders[i] = assert(box.client:order(provider.input(i == 3 and "sandbox:slow=1" or nil))) end
    local iterator = esim.each(box.client, orders, { timeout = 20, first = 0.05, factor = 1, jitter = 0 })
    local function step()
      local order = iterator()
      if order then times[order.id] = (times[order.id] or 0) + 1 end
      return order
    end
    step()
    loop.inbox():wait(5)
    loop.pump()  -- another one has come back, and is not given yet
    local pid = process.fork()
    loop.pump()  -- as any call does that is made meanwhile
    while step() do end
    local right = 0
    for _, order in ipairs(orders) do right = right + (times[order.id] == 1 and 1 or 0) end
    if pid == 0 then
      process.exit(right == 3 and 0 or 1)
    end
    assert.equal(3, right)
    assert.equal(0, process.wait(pid))
    assert(box.stop())
  end)
end)

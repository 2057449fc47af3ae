-- Two tasks that stepped one iterator of esim.each: the second to wait took the bell of the first, which was never
-- woken.

local esim = require "esim"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

describe("an iterator of esim.each", function()
  it("may be shared by tasks: each order comes to one of them, and all of them end", function()
    local orders, came, ended = {}, {}, 0
    for i = 1, 6 do orders[i] = assert(box.client:order(provider.input(i > 3 and "sandbox:slow=0.5" or nil))) end
    local function work(iterator)
      for order in iterator do came[#came + 1] = order.id end
      ended = ended + 1
    end
    esim.run(function()
      local iterator = esim.each(box.client, orders, { timeout = 20, first = 0.05, factor = 1, jitter = 0 })
      for _ = 1, 3 do esim.spawn(work, iterator) end
    end)
    assert.equal(3, ended)
    assert.equal(6, #came)
    local seen = {}
    for _, id in ipairs(came) do seen[id] = true end
    for _, order in ipairs(orders) do assert.is_true(seen[order.id]) end
  end)

  it("that on_status closes gives the order at hand and nothing after it", function()
    local orders, iterator = {}, nil
    for i = 1, 3 do orders[i] = assert(box.client:order(provider.input())) end
    iterator = esim.each(box.client, orders, {
      timeout = 20, first = 0.05, factor = 1, on_status = function() iterator:close() end,
    })
    assert.truthy((iterator()))
    assert.is_nil((iterator()))
    assert.equal("esim.each: 0 orders", tostring(iterator))
  end)
end)

-- What the learned schedule is worth beside others: spec/bench/schedule in small, always the same orders.

local limit = require "spec.bench.schedule.limit"
local rivals = require "spec.bench.schedule.rivals"
local world = require "spec.bench.schedule.world"

local ORDERS, LOOKS, SEED = 3000, 5, 7

local function delay_of(orders, name)
  local looks, delay = world.match(orders, rivals[name], "looks", LOOKS, SEED)
  assert.is_true(math.abs(looks / LOOKS - 1) < 0.03, name .. ": " .. looks .. " looks")
  return delay
end

describe("at equal looks, orders", function()
  local last = #world.TIMES
  for i, kind in ipairs(world.TIMES) do
    it("of " .. kind.name .. " wait less than by other schedules, and a tenth more than by a fixed one at worst",
      function()
        local orders = world.orders({ kind }, ORDERS, SEED)
        local ours = delay_of(orders, "ours")
        assert.is_true(ours <= 1.1 * delay_of(orders, "fixed"))
        assert.is_true(ours < delay_of(orders, "unlearned"))
        if i < last then assert.is_true(2 * ours <= delay_of(orders, "jittered")) end
      end)
  end
end)

describe("under a limit of 1,000 looks a minute", function()
  local orders = world.orders(world.TIMES, ORDERS, SEED, 60 / 600)
  local ours, longest, missed = limit.run(orders, limit.greatest, 1000 / 60, SEED)

  it("orders wait less than where the longest overdue is looked at first, or the newest", function()
    assert.is_true(1.5 * ours < limit.run(orders, limit.overdue, 1000 / 60, SEED))
    assert.is_true(1.5 * ours < limit.run(orders, limit.newest, 1000 / 60, SEED))
  end)

  it("neither the old nor the new starve: each is looked at, also at its deadline", function()
    assert.equal(0, missed)
    assert.is_true(longest < world.DEADLINE / 2, "longest: " .. longest)
    local _, other = limit.run(orders, limit.newest, 1000 / 60, SEED)
    assert.is_true(other > longest, "longest: " .. longest .. ", newest first: " .. other)
  end)
end)

-- What the learned schedule is worth beside others, simulated over the engine's own code: orders that overlap in time,
-- 2 % of which are never completed, 600 s for each; delay is from completion to the look that sees it.
-- Each schedule is scaled until it costs 5 looks an order, then ours until its delay is another's as shipped; last, all
-- kinds together, when 1,000 looks a minute are allowed and more are due. What learning costs. Exit status 1: a promise
-- of README.md does not hold.
-- `make -s && eval "$(make -s env)" && lua5.4 spec/bench/schedule/run.lua [orders]` in the tree.

package.path = "./?.lua;" .. package.path
local core = require "esim.core"
local limit = require "spec.bench.schedule.limit"
local rivals = require "spec.bench.schedule.rivals"
local world = require "spec.bench.schedule.world"

local ORDERS = tonumber(arg[1] or 12000)
local LOOKS = 5        -- an order
local SEEDS = { 7, 11 }  -- of the orders, of the looks
local RIVALS = {
  { "jittered", "1 s x 1.5 to 20 s, full jitter" }, { "google", "Google's: 1 s x 1.5 to 45 s" },
  { "aws", "AWS' waiters: 2 s to 2 s x 2 to 120 s" }, { "doubling", "1 s x 2 to 64 s" }, { "fixed", "fixed 5 s" },
  { "unlearned", "ours without experience" },
}
local LIMIT = 1000 / 60  -- looks a second
local broken = {}

local function promise(holds, text)
  if not holds then
    broken[#broken + 1] = text
  end
end

local function head(title)
  print("\n" .. title)
  io.write(("%-40s%9s"):format("", "ours"))
  for _, rival in ipairs(RIVALS) do io.write(("%11s"):format(rival[1])) end
  print()
end

local function at_equal_looks()
  head(("mean delay in s at %d looks an order, and how many times ours"):format(LOOKS))
  local twice = 0
  for i, kind in ipairs(world.TIMES) do
    local orders = world.orders({ kind }, ORDERS, SEEDS[1])
    local _, ours = world.match(orders, rivals.ours, "looks", LOOKS, SEEDS[2])
    io.write(("%-40s%9.2f"):format(kind.name, ours))
    for _, rival in ipairs(RIVALS) do
      local _, delay = world.match(orders, rivals[rival[1]], "looks", LOOKS, SEEDS[2])
      io.write(("%6.2f %3.1fx"):format(delay, delay / ours))
      if rival[1] == "jittered" and i <= 5 and delay >= 2 * ours then twice = twice + 1 end
      if rival[1] == "fixed" then promise(ours <= 1.1 * delay, kind.name .. ": 10 % above a fixed interval") end
    end
    print()
  end
  promise(twice >= 4, "2 times lower than full jitter on four of five")
end

local function at_equal_delay()
  head "looks an order of each as shipped, and how many times what ours needs for the same mean delay"
  for _, kind in ipairs(world.TIMES) do
    local orders = world.orders({ kind }, ORDERS, SEEDS[1])
    io.write(("%-49s"):format(kind.name))
    for _, rival in ipairs(RIVALS) do
      local looks, delay = world.run(orders, rivals[rival[1]](1), SEEDS[2])
      local ours = world.match(orders, rivals.ours, "delay", delay, SEEDS[2])
      io.write(("%6.1f %3.1fx"):format(looks, looks / ours))
    end
    print()
  end
end

local function under_a_limit()
  print "\n1,000 looks a minute, all kinds together: mean delay in s (longest; never seen) by orders a minute"
  print(("%-24s%26s%26s%26s"):format("", "greatest unseen waiting", "longest overdue", "newest"))
  for _, rate in ipairs { 300, 400, 500, 600 } do
    local orders = world.orders(world.TIMES, ORDERS, SEEDS[1], 60 / rate)
    io.write(("%-24d"):format(rate))
    local ours
    for _, name in ipairs { "greatest", "overdue", "newest" } do
      local delay, longest, missed = limit.run(orders, limit[name], LIMIT, SEEDS[2])
      io.write(("%9.1f (%5.0f; %5d) %3.1fx"):format(delay, longest, missed, delay / (ours or delay)))
      promise(not ours or delay > ours, rate .. " orders a minute: " .. name .. " is better")
      promise(name ~= "greatest" or missed == 0, rate .. " orders a minute: some were never looked at")
      ours = ours or delay
    end
    print()
  end
end

-- The calls into C count too.
local function learning()
  local experience, orders = core.experience(), world.orders({ world.TIMES[2] }, ORDERS, SEEDS[1])
  local spent, asked = 0, 0
  local looks = world.run(orders, {
    next = function(last, count, chance)
      local began = os.clock()
      local age = experience:next_look({ price = 1 }, last, count, chance)
      asked = asked + os.clock() - began
      return age
    end,
    learn = function(from, to, done)
      local began = os.clock()
      experience:learn(from, to, done)
      spent = spent + os.clock() - began
    end,
  }, SEEDS[2])
  local clock = os.clock()
  for _ = 1, 1e5 do os.clock() end
  clock = (os.clock() - clock) / 1e5
  local function each(sum) return (sum / ORDERS - clock * looks) * 1e6 end
  print(("\nlearning: %.2f us an order of %.1f looks; placing them: %.2f us"):format(each(spent), looks, each(asked)))
  promise(each(spent) <= 5, "5 us an order")
end

print(("%d orders a cell"):format(ORDERS))
for _, rival in ipairs(RIVALS) do print(("%-10s %s"):format(rival[1], rival[2])) end
at_equal_looks()
at_equal_delay()
under_a_limit()
learning()
for _, text in ipairs(broken) do print("broken: " .. text) end
os.exit(#broken == 0 and 0 or 1)

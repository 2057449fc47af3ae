-- Run with the failing allocator preloaded: `failing_tasks.lua count url token`. Tasks wait for orders, again and
-- again, each time with `count` allocations failing at another place. One line for each time that something was left in
-- flight, or that tasks after it could not run; last: how many runs there were, and in how many esim.run raised.

local esim = require "esim"
local failing = require "esim_failing"
local loop = require "esim.loop"
local provider = require "spec.support.provider"

local TASKS = 3

io.stdout:setvbuf "line"
local jit = rawget(_G, "jit")
if jit then
  jit.off()  -- without memory its compiler crashes in libgcc (__register_frame_info)
end
local count = tonumber(arg[1])
local PLACES, STEP = jit and 20 or 560, 7

local options = { url = arg[2], token = arg[3], timeout = 1, log = function() end }
local client = assert(esim.client(options))
local ids = {}
for i = 1, TASKS do
  ids[i] = assert(client:order(provider.input "sandbox:slow=0")).id
end

local raised = 0

local function wait_for(order)
  order:wait { timeout = 1, first = 0.004, factor = 1, cap = 0.004 }
end

local function try(place)
  local orders = {}
  for i = 1, TASKS do
    orders[i] = assert(client:resume(ids[i]))
  end
  local function main()
    for i = 1, TASKS do esim.spawn(wait_for, orders[i]) end
  end
  collectgarbage()
  failing.arm(place, count)
  local ok = pcall(esim.run, main)
  failing.disarm()
  raised = raised + (ok and 0 or 1)
  local ran, got = pcall(esim.run, function() esim.sleep(0) return "ran" end)
  if got ~= "ran" then
    print(("place %d: then %s %s"):format(place, tostring(ran), tostring(got):match "[^\n]*"))
  end
  loop.pump()
  if loop.count() > 0 then
    print(("place %d: %d left in flight"):format(place, loop.count()))
  end
end

for place = 0, PLACES, STEP do try(place) end
print(("%d runs, %s"):format(math.floor(PLACES / STEP) + 1, raised > 5 and "some raised" or "raised " .. raised))

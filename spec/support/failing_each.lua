-- Run with the failing allocator preloaded: `failing_each.lua count url token`. Waits for orders with esim.each again
-- and again, each time with `count` allocations failing at another place; a step that raised is taken once more. One
-- line for each order that did not come exactly once, last: how many runs there were, and how many steps raised.

local esim = require "esim"
local failing = require "esim_failing"
local provider = require "spec.support.provider"

local ORDERS, STEPS = 4, 30

io.stdout:setvbuf "line"
local jit = rawget(_G, "jit")
if jit then
  jit.off()  -- without memory its compiler crashes in libgcc (__register_frame_info)
end
local PLACES = jit and 3 or 70  -- LuaJIT has an allocator of its own: the core alone fails, and tries again later

local count = tonumber(arg[1])
local client = assert(esim.client { url = arg[2], token = arg[3], timeout = 1 })

local raised = 0

-- Count in `came` how often each order came, by its id: these are there, for the table must not grow.
local function step_through(iterator, came)
  for _ = 1, STEPS do
    local ok, one = pcall(iterator)
    if not ok then
      failing.disarm()
      raised = raised + 1
    elseif one == nil then
      break
    else
      came[one.id] = came[one.id] + 1
    end
  end
  failing.disarm()
end

local function try(place)
  local orders, came = {}, {}
  for i = 1, ORDERS do
    orders[i] = assert(client:order(provider.input "sandbox:slow=0"))
    came[orders[i].id] = 0
  end
  local iterator = esim.each(client, orders, { timeout = 1, first = 0.005, factor = 1, cap = 0.005 })
  collectgarbage()
  failing.arm(place, count)
  step_through(iterator, came)
  for i, order in ipairs(orders) do
    if came[order.id] ~= 1 then
      print(("place %d: order %d came %d times"):format(place, i, came[order.id]))
    end
  end
  iterator:close()
end

for place = 0, PLACES do try(place) end
print(("%d runs, %s"):format(PLACES + 1, raised > 5 and "some raised" or "raised " .. raised))

-- 1,000 orders at once from 1,000 tasks of one Lua state; the sandbox completes each after 2 s.
-- Prints how long it took, how many connections were open, what waiting costs while no look is due (none is before the
-- first second is over), and what it costs with its looks.
-- `make -s specs && eval "$(make -s env)" && lua5.4 spec/bench/orders.lua [orders [price]]` in the tree.

package.path = "./?.lua;" .. package.path
local esim = require "esim"
local process = require "esim_process"
local clock = require("esim.core").clock

local ORDERS, PRICE = tonumber(arg[1] or 1000), tonumber(arg[2] or 1)
local sandbox = assert(require("esim.sandbox").start { delay = 2, logs = false })
local client = assert(esim.client { url = sandbox.url, token = sandbox.token })

local function sockets()
  local pipe = assert(io.popen("ls -l /proc/$PPID/fd"))
  local text = pipe:read("*a")
  pipe:close()
  return select(2, text:gsub("socket:", ""))
end

local function input(i)
  return {
    countryCode = "PT", customer = { email = "traveller" .. i }, device = { id = "d" .. i, type = "iot" },
    subscriptions = { { product_id = "cm9k" } },
  }
end

local began, cpu = clock(), process.cpu()
local placed, done, most = 0, 0, 0
local placed_at, placed_cpu, idle

local function one(i)
  local order = assert(client:order(input(i)))
  placed = placed + 1
  if placed == ORDERS then
    placed_at, placed_cpu = clock(), process.cpu()
    most = sockets()
    esim.spawn(function()
      esim.sleep(0.1)
      local before, at = process.cpu(), clock()
      esim.sleep(0.5)
      idle = 100 * (process.cpu() - before) / (clock() - at)
    end)
  end
  assert(assert(order:wait { timeout = 60, price = PRICE }):code())
  done = done + 1
end

esim.run(function()
  for i = 1, ORDERS do
    esim.spawn(one, i)
  end
end)

local total, waited = clock() - began, clock() - placed_at
local spent = process.cpu() - placed_cpu
sandbox.stop()
print(("%d orders, %d completed in %.2f s on %d sockets"):format(ORDERS, done, total, most))
print(("placing them: %.2f s, %.0f us of CPU each"):format(placed_at - began, (placed_cpu - cpu) / ORDERS * 1e6))
print(("waiting, no look due: %.2f %% of a core"):format(idle))
print(("waiting for them: %.2f s, %.2f %% of a core, %.0f us of CPU each, looks and codes included"):format(waited,
  100 * spent / waited, spent / ORDERS * 1e6))

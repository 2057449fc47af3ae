-- 10,000 waits in flight across many expiries: tokens of 2 s, orders of 15 s. Every order completes, and there are no
-- more token requests than the run's seconds / 2 s + 2.
-- `make -s specs && eval "$(make -s env)" && lua5.4 spec/bench/tokens.lua [waits]` in the tree.

package.path = "./?.lua;" .. package.path
local esim = require "esim"
local process = require "esim_process"
local clock = require("esim.core").clock

local WAITS, LIFETIME, DELAY = tonumber(arg[1] or 10000), 2, 15
local sandbox = assert(require("esim.sandbox").start { delay = DELAY, lifetime = LIFETIME, logs = false })
local client = assert(esim.client {
  url = sandbox.url,
  credentials = {
    client_id = sandbox.client_id, client_secret = sandbox.client_secret, token_url = sandbox.token_url,
  },
})

local function input(i)
  return {
    countryCode = "PT", customer = { email = "traveller" .. i }, device = { id = "d" .. i, type = "iot" },
    subscriptions = { { product_id = "cm9k" } },
  }
end

local placed, completed, failures = 0, 0, {}

local function one(i)
  local order, profile, e
  order, e = client:order(input(i))
  placed = placed + (order and 1 or 0)
  if order then
    profile, e = order:wait { timeout = 300, price = 0.3 }
  end
  if profile and profile:code() then
    completed = completed + 1
  else
    failures[#failures + 1] = tostring(e)
  end
end

local began, cpu = clock(), process.cpu()
esim.run(function()
  for i = 1, WAITS do
    esim.spawn(one, i)
  end
end)
local seconds, spent = clock() - began, process.cpu() - cpu
local log = sandbox.log()
sandbox.stop()

local most = seconds / LIFETIME + 2
print(("%d waits: %d placed, %d completed in %.1f s, %.1f s of CPU"):format(WAITS, placed, completed, seconds, spent))
print(("%d token requests, at most %.2f allowed; %d orders taken"):format(log.token_requests, most, log.orders))
for i = 1, math.min(#failures, 5) do
  print(failures[i])
end
os.exit(completed == WAITS and log.orders == WAITS and log.token_requests <= most and 0 or 1)

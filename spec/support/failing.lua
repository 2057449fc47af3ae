-- Run with the failing allocator preloaded: `failing.lua url token count step [log]`. Places and waits for an order
-- again and again, each time with other allocations failing, until none fails any more. For each order one line:
-- correlation id, what became of it, how many allocations failed; last: how often the flow was run.

local esim = require "esim"
local failing = require "esim_failing"
local provider = require "spec.support.provider"

local url, token, count, step = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local metrics = arg[5] == "log" and esim.metrics() or {}

local stage

local function flow(client, input, options, wait)
  stage = ""
  local order, e = client:order(input, options)
  if not order then
    return e.kind
  end
  stage = "placed, then "
  local profile
  profile, e = order:wait(wait)
  if not profile then
    return "placed, then " .. e.kind
  end
  local symbol = profile:qr()
  if symbol then
    symbol:png()
    symbol:svg()
    symbol:text()
  end
  return "placed"
end

local function try(n)
  local id = ("memory-%d-%d%s"):format(count, n, arg[5] or "")
  local client = assert(esim.client { url = url, token = token, timeout = 0.3, log = metrics.log })
  local input, options = provider.input("sandbox:slow=0"), { correlation_id = id }
  local wait = { timeout = 0.5, first = 0.02, factor = 1, cap = 0.02 }
  collectgarbage()
  failing.arm(n, count)
  local ok, outcome = pcall(flow, client, input, options, wait)
  local failed = failing.disarm()
  if not ok then
    outcome = stage .. "raised " .. tostring(outcome)
  end
  print(id, outcome, failed)
  return failed
end

local n, runs, quiet = 0, 0, 0
while quiet < 3 do  -- the number of allocations varies a little
  quiet = try(n) == 0 and quiet + 1 or 0
  n, runs = n + step, runs + 1
end
print("runs", runs)
local order = assert(esim.client { url = url, token = token }):order(provider.input("sandbox:slow=0"))
print("afterwards", order and "placed")

-- The exchanges through our module, in an operator's script: orders, tasks, nothing that is not public.
-- ours.lua URL WORK AT_ONCE SECONDS [CA_FILE]; WORK and what it prints: see raw.c. WORK "wait": waits for orders that
-- stay as they are. Answers that are the same too do not reach Lua; the server counts, from the empty line on that is
-- printed when it begins.

local esim = require "esim"
local clock = require("esim.core").clock

local URL, WORK, AT_ONCE, SECONDS = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local WARM = 0.3         -- seconds before it is counted
local AFTER = 0.2        -- seconds that waits go on after that
local MANY = 256         -- orders waited for at least, and two on each connection, so that it is never idle
local SCHEDULE = { timeout = 30, first = 0.001, factor = 1, jitter = 0 }
local INPUT = {
  operationType = "NEW_ESIM", countryCode = "PT", customer = { email = "traveller@example.com" },
  device = { id = "1", type = "ios" }, subscriptions = { { product_id = "cm9k" } },
}

local client = assert(esim.client { url = URL, token = "token", connections = AT_ONCE, ca_file = arg[5] })
local began = clock()
local finish = began + WARM + SECONDS
local count, times, first = 0, {}, nil
local last

-- After each exchange. One at a time: its latency is looked at too.
local function note(exchanges, at, now)
  if last then
    return false
  elseif first then
    count = count + exchanges
    if AT_ONCE == 1 then times[#times + 1] = now - at end
  elseif now - began >= WARM then
    first = { at = now, cpu = os.clock() }
  end
  if now < finish then return true end
  last = { at = now, cpu = os.clock() }
end

local works = {}

function works.get()
  local order = assert(client:resume "id")
  local at, now = clock(), nil
  repeat
    assert(assert(order:poll()) == "FULFILLING")
    at, now = now or at, clock()
  until not note(1, at, now)
end

function works.order()
  local at, now = clock(), nil
  repeat
    local order = assert(client:order(INPUT))
    assert(assert(order:wait(SCHEDULE)):code())
    at, now = now or at, clock()
  until not note(3, at, now)
end

function works.wait()
  local order = assert(client:resume "id")
  local _, e = order:wait { timeout = WARM + SECONDS + AFTER, first = 0.001, factor = 1, cap = 1, jitter = 0 }
  assert(e.kind == "timeout", e)
end

local function tell()
  table.sort(times)
  print(("%d %.6f %.6f %.2f"):format(count, last.at - first.at, last.cpu - first.cpu,
    (times[math.floor(#times / 2) + 1] or 0) * 1e6))
  io.stdout:flush()
end

-- While all are waited for.
local function watch_waits()
  esim.sleep(WARM)
  print()
  io.stdout:flush()
  first = { at = clock(), cpu = os.clock() }
  esim.sleep(SECONDS)
  last = { at = clock(), cpu = os.clock() }
  tell()
end

esim.run(function()
  if WORK == "wait" then
    esim.spawn(watch_waits)
  end
  for _ = 1, WORK == "wait" and math.max(MANY, 2 * AT_ONCE) or AT_ONCE do
    esim.spawn(works[WORK])
  end
end)
if WORK ~= "wait" then
  tell()
end

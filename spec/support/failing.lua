-- Run with the failing allocator preloaded: `failing.lua mode count first step url token client_id client_secret
-- token_url`.
-- Places and waits for an order again and again, each time with other allocations failing, until none fails any more:
-- `count` of them after the first `first`, after `step` more and so on.
-- `mode`: "plain" (then the code is drawn), "task" (the same in a task), "log" (records and metrics), "credentials"
-- (records and a token each time).
-- For each order one line: correlation id, what became of it, how many allocations failed, and what a log heard of its
-- exchanges, see `count_entry`; last: how often that was.

local esim = require "esim"
local failing = require "esim_failing"
local provider = require "spec.support.provider"

local mode, count, first, step = arg[1], tonumber(arg[2]), tonumber(arg[3]), tonumber(arg[4])
local url, token = arg[5], arg[6]
local credentials = { client_id = arg[7], client_secret = arg[8], token_url = arg[9] }
local metrics = esim.metrics()

io.stdout:setvbuf "line"
local jit = rawget(_G, "jit")
if jit then
  jit.off()  -- without memory its compiler crashes in libgcc (__register_frame_info)
end

local stage = ""
local heard = { sent = 0, answered = 0, asked = 0, told = 0, dropped = 0 }

-- No allocation: what the hook has no memory for counts as dropped, and this is the hook's last act.
-- sent, answered: exchanges of orders of which a byte was sent, an answer came; asked, told: of tokens.
local function count_entry(entry)
  if entry.what ~= "exchange" then
    return
  end
  local is_token = entry.kind == "token"
  heard.dropped = heard.dropped + (entry.dropped or 0)
  if entry.bytes_sent > 0 then
    local name = is_token and "asked" or "sent"
    heard[name] = heard[name] + 1
  end
  if entry.status then
    local name = is_token and "told" or "answered"
    heard[name] = heard[name] + 1
  end
end

local function hook(entry)
  if mode == "log" then
    metrics.log(entry)
  end
  count_entry(entry)
end

local function options_of()
  local options = { url = url, timeout = 0.3 }
  if mode == "credentials" then
    options.credentials = credentials
  else
    options.token = token
  end
  options.log = (mode == "log" or mode == "credentials") and hook or nil
  return options
end

local function draw(profile)
  local symbol = profile:qr()
  if symbol then
    symbol:png()
    symbol:data_uri { dark = "#0a3161" }
    symbol:svg()
    symbol:eps()
    symbol:text()
  end
end

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
  if mode == "plain" or mode == "task" then
    draw(profile)
  end
  return "placed"
end

-- The client is as good as before, but for the first that meets what is left of libcurl's. With this record those that
-- were dropped are told.
local function look_once_more(client)
  local e
  for _ = 1, 2 do
    e = select(2, client:resume("none"):poll())
    if e.http == 404 then
      return ""
    end
  end
  return " (then " .. tostring(e) .. ")"
end

local function try(n)
  local id = ("memory-%s-%d-%d"):format(mode, count, n)
  local client = assert(esim.client(options_of()))
  local input, options = provider.input("sandbox:slow=0"), { correlation_id = id }
  local wait = { timeout = 0.5, first = 0.005, factor = 1, cap = 0.005 }
  for name in pairs(heard) do heard[name] = 0 end
  collectgarbage()
  failing.arm(n, count)
  local ok, outcome
  if mode == "task" then
    ok, outcome = pcall(esim.run, flow, client, input, options, wait)
  else
    ok, outcome = pcall(flow, client, input, options, wait)
  end
  local failed = failing.disarm()
  if not ok then
    outcome = stage .. "raised " .. tostring(outcome)
  end
  outcome = outcome .. look_once_more(client)
  print(id, outcome, failed, heard.sent, heard.answered, heard.asked, heard.told, heard.dropped)
  return failed
end

local n, quiet = first, 0
while quiet < 3 do  -- the number of allocations varies a little
  quiet = try(n) == 0 and quiet + 1 or 0
  n = n + step
end
local order = assert(esim.client(options_of())):order(provider.input("sandbox:slow=0"))
print("afterwards", order and "placed")

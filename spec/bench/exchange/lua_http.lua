-- The exchanges through lua-http: kept connections, one for each coroutine, or one for all where the server speaks
-- HTTP/2. lua_http.lua URL WORK AT_ONCE SECONDS [CA_FILE [1.1|2]]; WORK and what it prints: see raw.c.

local cqueues = require "cqueues"
local cjson = require "cjson"
local http_client = require "http.client"
local http_headers = require "http.headers"
local http_tls = require "http.tls"
local store = require "openssl.x509.store"

local URL, WORK, AT_ONCE, SECONDS = arg[1], arg[2], tonumber(arg[3]), tonumber(arg[4])
local WARM = 0.3
local INPUT = {
  operationType = "NEW_ESIM", countryCode = "PT", customer = { email = "traveller@example.com" },
  device = { id = "1", type = "ios" }, subscriptions = { { product_id = "cm9k" } },
}
local scheme, host, port = URL:match("^(%w+)://([^:]+):(%d+)$")

local function context()
  local ctx = http_tls.new_client_context()
  local trusted = store.new()
  trusted:add(arg[5])
  ctx:setStore(trusted)
  return ctx
end

local two = arg[6] == "2"
local ctx = arg[5] and context() or nil
local shared

local function connect()
  if shared then return shared end
  local connection = assert(http_client.connect({
    host = host, port = tonumber(port), tls = scheme == "https", ctx = ctx, version = two and 2 or 1.1,
  }, 5))
  shared = two and connection or nil
  return connection
end

local clock = cqueues.monotime
local began = clock()
local finish = began + WARM + SECONDS
local count, times, first, last = 0, {}, nil, nil
local serial = 0

local function note(at, now)
  if last then
    return false
  elseif first then
    count = count + 1
    if AT_ONCE == 1 then times[#times + 1] = now - at end
  elseif now - began >= WARM then
    first = { at = now, cpu = os.clock() }
  end
  if now < finish then return true end
  last = { at = now, cpu = os.clock() }
end

local function exchange(connection, method, path, correlation_id, body)
  local headers = http_headers.new()
  headers:append(":method", method)
  headers:append(":scheme", scheme)
  headers:append(":authority", host .. ":" .. port)
  headers:append(":path", path)
  headers:append("accept", "application/json")
  headers:append("cache-control", "no-cache")
  headers:append("content-type", "application/json")
  headers:append("x-correlation-id", correlation_id)
  headers:append("authorization", "Bearer token")
  if body then headers:append("content-length", tostring(#body)) end
  local stream = assert(connection:new_stream())
  assert(stream:write_headers(headers, not body, 30))
  if body then assert(stream:write_chunk(body, true, 30)) end
  local got = assert(stream:get_headers(30))
  local text = assert(stream:get_body_as_string(30))
  assert(got:get(":status") == "200" and #text == 400)
  return cjson.decode(text)
end

local function correlation()
  serial = serial + 1
  return ("00000000-0000-4000-8000-%012x"):format(serial)
end

local works = {}

function works.get(connection)
  local id, at, now = correlation(), clock(), nil
  repeat
    assert(exchange(connection, "GET", "/v1/order/id", id).status == "FULFILLING")
    at, now = now or at, clock()
  until not note(at, now)
end

function works.order(connection)
  local more = true
  while more do
    local id, at = correlation(), clock()
    local order = exchange(connection, "POST", "/v1/order", id, cjson.encode { input = INPUT })
    note(at, clock())
    repeat
      cqueues.sleep(0.001)
      at = clock()
      local look = exchange(connection, "GET", "/v1/order/" .. order.id, id)
      more = note(at, clock())
    until look.status == "COMPLETED"
  end
end

local loop = cqueues.new()
loop:wrap(function()
  if two then connect() end
  for _ = 1, AT_ONCE do
    loop:wrap(function() works[WORK](connect()) end)
  end
end)
assert(loop:loop())
table.sort(times)
print(("%d %.6f %.6f %.2f"):format(count, last.at - first.at, last.cpu - first.cpu,
  (times[math.floor(#times / 2) + 1] or 0) * 1e6))

-- What the nginx of the benchmark serves: the same exchanges through our module and through cosockets.

local cjson = require "cjson"
local esim = require "esim"
local loop = require "esim.loop"
local native = require "esim.native"

local ngx = ngx  -- luacheck: ignore

local shop = {}
local clients, paths = {}, {}
local account  -- of the upstream with TLS

local INPUT = {
  operationType = "NEW_ESIM", countryCode = "PT", customer = { email = "traveller@example.com" },
  device = { id = "1", type = "ios" }, subscriptions = { { product_id = "cm9k" } },
}

--- In init_by_lua. `ports`: of the upstreams, by name; `bundle`: the system's certificates, and the upstream's own.
function shop.open(ports, bundle)
  for name, connections in pairs { fast = 16, slow = 256 } do
    clients[name] = assert(esim.client {
      url = "http://127.0.0.1:" .. ports[name], token = "token", connections = connections,
    })
  end
  account = assert(native.account { url = "https://localhost:" .. ports.tls, ca_file = bundle })
  shop.ports = ports
end

-- Through cosockets: a small client of the usual kind, with kept connections.

local function headers(id)
  return "Host: 127.0.0.1\r\nAccept: application/json\r\nCache-Control: no-cache\r\nContent-Type: application/json\r\n"
    .. "X-Correlation-ID: " .. id .. "\r\nAuthorization: Bearer token\r\n"
end

local function read_answer(socket)
  local line = assert(socket:receive("*l"))
  local status, size = tonumber(line:match("^HTTP/1%.1 (%d+)")), 0
  repeat
    line = assert(socket:receive("*l"))
    size = tonumber(line:lower():match("^content%-length: (%d+)")) or size
  until line == ""
  return status, assert(socket:receive(size))
end

local function exchange(upstream, request)
  local socket = ngx.socket.tcp()
  socket:settimeouts(5000, 5000, 5000)
  assert(socket:connect("127.0.0.1", shop.ports[upstream], { pool_size = 256 }))
  assert(socket:send(request))
  local status, body = read_answer(socket)
  socket:setkeepalive(60000, 256)
  assert(status == 200)
  return cjson.decode(body)
end

local function look(upstream, id, correlation_id)
  return exchange(upstream, "GET /v1/order/" .. id .. " HTTP/1.1\r\n" .. headers(correlation_id) .. "\r\n")
end

local function place(upstream)
  local correlation_id = native.uuid()
  local body = cjson.encode { input = INPUT }
  local order = exchange(upstream, "POST /v1/order HTTP/1.1\r\n" .. headers(correlation_id)
    .. "Content-Length: " .. #body .. "\r\n\r\n" .. body)
  return order.id, correlation_id
end

function paths.cosocket_look(upstream)
  ngx.print(look(upstream, "id", native.uuid()).status)
end

function paths.cosocket_order(upstream)
  ngx.print(look(upstream, place(upstream)).status)
end

-- Through our module.

function paths.esim_look(upstream)
  ngx.print(assert(assert(clients[upstream]:resume "id"):poll()))
end

function paths.esim_place(upstream)
  ngx.print(assert(assert(clients[upstream]:order(INPUT)):poll()))
end

function paths.esim_order(upstream)
  local order = assert(clients[upstream]:order(INPUT))
  assert(order:wait { timeout = 5, first = 0.001 })
  ngx.print(order.status)
end

--- A new TLS connection: the upstream closes each.
function paths.esim_tls()
  local fault, got = loop.await(assert(loop.submit("request", account, { target = "/" })))
  assert(not fault and got.http == 200, fault)
end

function paths.cosocket_tls()
  local socket = ngx.socket.tcp()
  assert(socket:connect("127.0.0.1", shop.ports.tls))
  assert(socket:sslhandshake(false, "localhost", true))
  assert(socket:send("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
  assert(read_answer(socket) == 200)
  socket:close()
end

--- A name look-up that is given up after 200 ms.
function paths.esim_name()
  local nowhere = assert(native.account { url = "https://slow.invalid.example" })
  local pending = assert(loop.submit("request", nowhere, { target = "/", timeout = 10 }))
  ngx.sleep(0.2)
  loop.cancel(pending)
  ngx.print("given up")
end

-- How late a timer of 1 ms is, in the same worker.

local late = {}

local function tick()
  local before = native.clock()
  while not ngx.worker.exiting() do
    ngx.sleep(0.001)
    local now = native.clock()
    late[#late + 1] = now - before - 0.001
    before = now
  end
end

function shop.watch()
  ngx.timer.at(0, tick)
end

local function share(sorted, of)
  return sorted[math.max(1, math.ceil(#sorted * of))] * 1000
end

--- Since the last time: p50, p99, p99.9, the greatest, in ms; how many.
function paths.late()
  local list = late
  late = {}
  table.sort(list)
  ngx.print(("%.3f %.3f %.3f %.3f %d"):format(
    share(list, 0.5), share(list, 0.99), share(list, 0.999), list[#list] * 1000, #list))
end

function shop.serve()
  local path, upstream = ngx.var.uri:match("^/([%w_]+)/?(%w*)$")
  return paths[path](upstream)
end

return shop

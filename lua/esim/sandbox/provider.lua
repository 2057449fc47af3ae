--- The provider, as far as this module needs it; runs inside nginx on loopback.
-- State is in the shared dictionary `esim`, so that any number of workers play one provider.

local cjson = require "cjson"
local checks = require "esim.sandbox.checks"
local faults = require "esim.sandbox.faults"

local ngx = ngx  -- luacheck: ignore

local provider = {}

local json = cjson.new()
local state = ngx.shared.esim
local settings

local ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

function provider.setup(options)
  settings = options
end

-- What an order was sent as; never the token.
local function note_order(entry)
  entry.headers = ngx.req.get_headers()
  entry.headers.authorization = entry.headers.authorization and "Bearer [redacted]"
  entry.body = ngx.req.get_body_data()
end

local function log(status, order)
  if not settings.logs then
    return
  end
  local entry = {
    method = ngx.req.get_method(), path = ngx.var.uri:match("^/v1/qr/") and "/v1/qr/…" or ngx.var.uri,
    correlation_id = ngx.var.http_x_correlation_id, status = status, order_id = order and order.id,
    product_ids = order and order.product_ids, at = ngx.now(),
  }
  if entry.method == "POST" then
    note_order(entry)
  end
  state:rpush("log", json.encode(entry))
end

local function refuse(status, kind, message, order)
  log(status, order)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print(json.encode { type = kind, messages = { message } })
end

local function random_text(length)
  local out = {}
  for i = 1, length do
    local n = math.random(#ALPHABET)
    out[i] = ALPHABET:sub(n, n)
  end
  return table.concat(out)
end

local function luhn(digits)
  local sum, double = 0, true
  for i = #digits, 1, -1 do
    local d = tonumber(digits:sub(i, i))
    if double then
      d = d * 2 > 9 and d * 2 - 9 or d * 2
    end
    sum, double = sum + d, not double
  end
  return digits .. (10 - sum % 10) % 10
end

local function new_id()
  local hex = ngx.md5(ngx.now() .. math.random() .. ngx.worker.pid() .. state:incr("serial", 1, 0))
  return ("%s-%s-4%s-a%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(14, 16), hex:sub(18, 20), hex:sub(21, 32))
end

local function product_ids(input)
  local ids = {}
  for i, item in ipairs(input.subscriptions) do
    ids[i] = item.product_id
  end
  return ids
end

local function new_output(input, plan)
  local iccid = luhn("894447" .. string.format("%012d", math.random(0, 999999999999)))
  if input.operationType ~= "NEW_ESIM" then
    return { iccid = input.esim.iccid, subscription_id = "s-" .. random_text(20) }
  end
  local id = ("%s%s-%s-%s"):format(settings.mark, random_text(2), random_text(5), random_text(6))
  local code = "LPA:1$rsp.truphone.com$" .. id
  local lpa = plan.malformed and "LPA:1$%rsp.truphone.com$%" .. id
    or plan.disagree and "LPA:1$rsp.example.com$" .. random_text(10) or code
  return {
    matchingId = id, iccid = iccid, smdpUrl = "rsp.truphone.com", lpa_url = lpa,
    qrcode_url = settings.url .. "/v1/qr/" .. code, subscription_id = "s-" .. random_text(20),
  }
end

local function counter(key)
  return function(name)
    return state:incr("count:" .. key .. ":" .. name, 1, 0)
  end
end

local function take_order(input, plan)
  local order = {
    id = new_id(), taken = ngx.now(), plan = plan, delay = tonumber(plan.slow) or settings.delay,
    product_ids = product_ids(input), output = new_output(input, plan),
  }
  state:set("order:" .. order.id, json.encode(order))
  state:incr("orders", 1, 0)
  state:incr("taken:" .. ngx.var.http_x_correlation_id, 1, 0)
  state:rpush("correlations", ngx.var.http_x_correlation_id)
  return order
end

local function read_body()
  ngx.req.read_body()
  local text = ngx.req.get_body_data()
  local ok, body = pcall(json.decode, text or "")
  return ok and body or nil
end

local function at_order(plan)
  return plan.at == "look" and {} or plan
end

-- Faults of the way the answer is given; `at=look` moves them to the looks.
local function manner(plan, here)
  return (plan.at or "order") == here and plan or {}
end

function provider.order()
  local body = read_body()
  local status, kind, message = checks.headers(ngx.req.get_headers(), settings.token)
  if not status then
    status, kind, message = checks.order(body)
  end
  if status then
    return refuse(status, kind, message)
  end
  local plan = faults.read(body.input.subscriptions)
  status, kind, message = faults.refusal(at_order(plan), counter(ngx.var.http_x_correlation_id))
  if status then
    return refuse(status, kind, message, { product_ids = product_ids(body.input) })
  elseif plan.cut == "early" and plan.at ~= "look" then
    log(0)
    return ngx.exit(444)
  end
  local order = take_order(body.input, plan)
  log(200, order)
  -- In the provider's own order of fields: half of it still holds the id.
  faults.answer(manner(plan, "order"),
    ('{"id":"%s","externalId":"%s","status":"ACCEPTED"}'):format(order.id, order.id))
end

local function status_of(order)
  local share = (ngx.now() - order.taken) / math.max(order.delay, 0.001)
  if share >= 1 then
    return order.plan.failed and "FAILED" or "COMPLETED"
  elseif share >= 0.6 and order.plan.unknown then
    return "POLISHING"
  elseif share >= 0.3 then
    return order.plan.fulfiling and "FULFILING" or "FULFILLING"
  end
  return "ACCEPTED"
end

function provider.look(id)
  local status, kind, message = checks.headers(ngx.req.get_headers(), settings.token)
  if status then
    return refuse(status, kind, message)
  end
  local stored = state:get("order:" .. id)
  if not stored then
    return refuse(404, "ORDER_NOT_FOUND", "There is no such order")
  end
  local order = json.decode(stored)
  local plan = manner(order.plan, "look")
  status, kind, message = faults.refusal(plan, counter(id))
  if status then
    return refuse(status, kind, message, order)
  end
  local now = status_of(order)
  log(200, order)
  faults.answer(plan, json.encode {
    id = id, externalId = id, status = now, output = now == "COMPLETED" and order.output or nil,
  })
end

function provider.picture(code)
  local ok, core = pcall(require, "esim.core")
  if not ok then
    return refuse(501, "INTERNAL_ERROR", "esim.core for LuaJIT is not on this sandbox's path")
  end
  local symbol = core.symbol(ngx.unescape_uri(code))
  if not symbol then
    return refuse(400, "INVALID_REQUEST_PARAMS", "This is no activation code")
  end
  log(200)
  ngx.header["Content-Type"] = "image/png"
  ngx.print((symbol:png()))
end

-- The entries of a list from the one after `from` on, `most` of them. nginx's lists can only be turned round.
local function part_of(list, from, most)
  local part = {}
  for i = 1, state:llen(list) do
    local entry = state:lpop(list)
    state:rpush(list, entry)
    if i > from and i <= from + most then
      part[#part + 1] = entry
    end
  end
  return part
end

-- The whole log, or where the query says `most` a part of it, with `next` where there is more.
local function show_log()
  local from, most = tonumber(ngx.var.arg_from) or 0, tonumber(ngx.var.arg_most) or math.huge
  local requests, taken = part_of("log", from, most), {}
  for i, entry in ipairs(requests) do
    requests[i] = json.decode(entry)
  end
  for _, id in ipairs(part_of("correlations", from, most)) do
    taken[id] = state:get("taken:" .. id)
  end
  local more = math.max(state:llen("log"), state:llen("correlations")) > from + most
  ngx.header["Content-Type"] = "application/json"
  ngx.print(json.encode {
    orders = state:get("orders") or 0, requests = requests, by_correlation_id = taken,
    next = more and from + most or nil,
  })
end

--- Serve one request.
function provider.serve()
  local method, path = ngx.req.get_method(), ngx.var.uri
  if path == "/v1/order" and method == "POST" then
    return provider.order()
  elseif path:find("^/v1/order/.") and method == "GET" then
    return provider.look(path:match("^/v1/order/(.+)$"))
  elseif path:find("^/v1/qr/.") and method == "GET" then
    return provider.picture(path:match("^/v1/qr/(.+)$"))
  elseif path == "/sandbox/log" and method == "GET" then
    return show_log()
  elseif path == "/sandbox/log" and method == "DELETE" then
    state:flush_all()
    return ngx.exit(204)
  end
  return refuse(404, "NOT_FOUND", "There is nothing here")
end

return provider

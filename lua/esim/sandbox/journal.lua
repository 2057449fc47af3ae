--- The sandbox's log of what it was asked, without anything that is secret.

local store = require "esim.sandbox.store"
local webhook = require "esim.sandbox.webhook"

local ngx = ngx  -- luacheck: ignore

local journal = {}

local state = ngx.shared.esim

-- A webhook's URL may hold a secret of its owner's.
local function without_secrets(text)
  local body = text and ngx.var.uri:find("/preferences/", 1, true) and store.decode(text)
  local url = type(body) == "table" and body.webhook_url
  if type(url) ~= "string" or webhook.shown(url) == url then
    return text
  end
  body.webhook_url = webhook.shown(url)
  return store.encode(body)
end

-- What an order was sent as; never the token.
local function note_sent(entry)
  entry.headers = ngx.req.get_headers()
  local scheme = (entry.headers.authorization or ""):match("^(%a+) ")
  entry.headers.authorization = entry.headers.authorization and (scheme or "") .. " [redacted]"
  entry.body = ngx.ctx.secret and "[redacted]" or without_secrets(ngx.req.get_body_data())
end

--- Note the request that is being answered.
-- @param status  of the answer; 0: none
-- @param order   the order it is about, or nil
function journal.note(status, order)
  if not store.settings.logs then
    return
  end
  local path = ngx.var.uri
  local entry = {
    method = ngx.req.get_method(), path = path:match("^/v1/qr/") and "/v1/qr/…" or path,
    query = path:match("^/v[12]/") and not path:match("^/v1/qr/") and ngx.var.args or nil,
    correlation_id = ngx.var.http_x_correlation_id, status = status, order_id = order and order.id,
    product_ids = order and order.product_ids, at = ngx.now(),
  }
  if entry.method ~= "GET" then
    note_sent(entry)
  end
  state:rpush("log", store.encode(entry))
end

--- Note that an order was taken.
function journal.note_taken(correlation_id)
  state:incr("orders", 1, 0)
  state:incr("taken:" .. correlation_id, 1, 0)
  state:rpush("correlations", correlation_id)
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

--- Answer with the whole log, or where the query says `most` a part of it, with `next` where there is more.
function journal.show()
  local from, most = tonumber(ngx.var.arg_from) or 0, tonumber(ngx.var.arg_most) or math.huge
  local requests, taken = part_of("log", from, most), {}
  for i, entry in ipairs(requests) do
    requests[i] = store.decode(entry)
  end
  for _, id in ipairs(part_of("correlations", from, most)) do
    taken[id] = state:get("taken:" .. id)
  end
  local more = math.max(state:llen("log"), state:llen("correlations")) > from + most
  ngx.header["Content-Type"] = "application/json"
  ngx.print(store.encode {
    orders = store.counted("orders"), tokens = store.counted("tokens"),
    token_requests = store.counted("token_requests"), notifications = store.counted("notifications"),
    requests = requests, by_correlation_id = taken, next = more and from + most or nil,
  })
end

return journal

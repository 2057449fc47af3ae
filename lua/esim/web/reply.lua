--- What every answer of esim.web has in common: headers, errors as JSON, and the one 404.

local json = require "esim.json"

local ngx = ngx  -- luacheck: ignore

local reply = {}

local POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'"  -- of what is no page
local PATIENCE = 5  -- seconds after which to try again, where the provider does not say

-- The HTTP status of an error. No proxy and no client may repeat by itself what could buy a second eSIM: where an order
-- may stand it is 409 ("resolve the conflict, then resubmit", RFC 9110 section 15.5.10), never a 5xx.
local OF_ORDER = {
  invalid = 422, refused = 422, not_sent = 503, throttled = 503, unavailable = 503, timeout = 503, cancelled = 503,
  unauthorised = 502, unknown = 409, answer = 409, failed = 409,
}
local OF_LOOK = {
  invalid = 404, refused = 502, not_sent = 503, throttled = 503, unavailable = 503, timeout = 503, cancelled = 503,
  unauthorised = 502, unknown = 503, answer = 502, failed = 200,
}

-- What who holds a link is told: nothing of the provider, or of how the operator deals with it.
local SAID = {
  [404] = "there is no such order", [502] = "the order cannot be looked at; the shop has to see to it",
  [503] = "the order cannot be looked at just now; try again later",
}

--- Set what goes on every answer.
-- @param policy  a page's own Content-Security-Policy, or nil: nothing is allowed
function reply.start(policy)
  local header = ngx.header
  header["Cache-Control"] = "no-store"
  header["Referrer-Policy"] = "no-referrer"
  header["X-Content-Type-Options"] = "nosniff"
  header["X-Robots-Tag"] = "noindex"
  header["Content-Security-Policy"] = (policy or POLICY) .. "; frame-ancestors 'none'"
end

--- Answer.
-- @param http   status
-- @param kind   media type
-- @param body   string; nginx leaves it out for HEAD
-- @param again  seconds after which to ask again, or nil
function reply.send(http, kind, body, again)
  ngx.status = http
  ngx.header["Content-Type"] = kind
  ngx.header["Content-Length"] = #body
  if again then
    ngx.header["Retry-After"] = math.ceil(again)
  end
  ngx.print(body)
end

function reply.text(http, sentence, again)
  return reply.send(http, "text/plain; charset=utf-8", sentence .. "\n", again)
end

--- A link that is forged, cut, expired or for something else, an order that the provider does not know, a path that is
-- not there: one answer. Whoever tries links learns from it neither which orders exist, nor how near he came.
function reply.not_found()
  return reply.text(404, "Not found")
end

--- Answer 405 unless the method is one of `allowed`.
-- @param allowed  list as in the header Allow
-- @return whether it is
function reply.allows(allowed, as_json)
  local method = ngx.req.get_method()
  for name in allowed:gmatch("%u+") do
    if name == method then
      return true
    end
  end
  ngx.header["Allow"] = allowed
  if as_json then
    reply.refuse(405, "method", "must be " .. allowed)
  else
    reply.text(405, "Method not allowed")
  end
  return false
end

--- JSON; `lists` are added as arrays, also where they are empty (JSON's empty list is Lua's empty object).
-- @param lists  table of lists by name, or nil
function reply.json(http, value, lists, again)
  local text = assert(json.encode(value))
  for name, list in pairs(lists or {}) do
    local array = #list == 0 and "[]" or assert(json.encode(list))
    text = ("%s,%s:%s}"):format(text:sub(1, -2), json.encode(name), array)
  end
  return reply.send(http, "application/json", text, again)
end

--- Seconds after which it makes sense to ask again after `e`, or nil.
function reply.again(e, http)
  return http == 503 and (e.retry_after or PATIENCE) or nil
end

--- The answer to an order that was not accepted: { error = { kind, field, message, correlation_id, order_id } }.
-- @param e  error of the client
function reply.order_error(e)
  local http = OF_ORDER[e.kind] or 500
  return reply.json(http, { error = {
    kind = e.kind, field = e.field, message = tostring(e), correlation_id = e.correlation_id, order_id = e.order_id,
  } }, nil, reply.again(e, http))
end

--- The same for a request that is none.
function reply.refuse(http, field, message)
  return reply.json(http, { error = { kind = "invalid", field = field, message = field .. " " .. message } })
end

--- An error of a look: HTTP status, and what who holds a link is told.
-- @return status, { kind, message, correlation_id, order_id }
function reply.look_error(e)
  local http = e.http == 404 and e.kind == "refused" and 404 or OF_LOOK[e.kind] or 500
  return http, {
    kind = e.kind, message = SAID[http], correlation_id = e.correlation_id, order_id = e.order_id,
  }
end

return reply

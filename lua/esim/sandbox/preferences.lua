--- Which notifications of a SIM go where. Assumed: that POST and PUT do the same, that each call answers with what is
-- registered then, and the refusals.

local notices = require "esim.sandbox.notices"
local reply = require "esim.sandbox.reply"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local webhook = require "esim.sandbox.webhook"

local ngx = ngx  -- luacheck: ignore

local preferences = {}

local function show(iccid)
  reply.json('{"notifications":' .. store.encode_list(notices.registered(iccid)) .. "}")
end

--- GET /v1/sim/{iccid}/preferences
function preferences.look(iccid)
  if not sims.find(iccid) then
    return sims.refuse()
  end
  return show(iccid)
end

-- The webhook that a body names, or nil once the request is refused.
local function webhook_of(iccid, kind)
  ngx.req.read_body()
  local body = store.decode(ngx.req.get_body_data())
  if not sims.find(iccid) then
    sims.refuse()
  elseif not notices.is_kind(kind) then
    reply.refuse(400, "INVALID_REQUEST_PARAMS", "There is no such notification")
  elseif type(body) ~= "table" then
    reply.refuse(400, "INVALID_HTTP_MESSAGE", "The body names no webhook")
  elseif not webhook.is_url(body.webhook_url) then
    reply.refuse(400, "INVALID_REQUEST_PARAMS", "webhook_url must be a URL")
  else
    return body.webhook_url
  end
end

--- POST, PUT /v1/sim/{iccid}/preferences/notifications/{type}
function preferences.add(iccid, kind)
  local url = webhook_of(iccid, kind)
  if url then
    notices.add(iccid, kind, url)
    return show(iccid)
  end
end

--- DELETE /v1/sim/{iccid}/preferences/notifications/{type}
function preferences.remove(iccid, kind)
  local url = webhook_of(iccid, kind)
  if url and not notices.remove(iccid, kind, url) then
    return reply.refuse(404, "NOTIFICATION_NOT_FOUND", "There is no such webhook")
  elseif url then
    return show(iccid)
  end
end

return preferences

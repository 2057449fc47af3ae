--- SIMs: their status, the device they are for, their subscriptions and notifications.

local api = require "esim.api"
local call = require "esim.call"
local err = require "esim.err"
local loop = require "esim.loop"
local native = require "esim.native"
local notification = require "esim.notification"
local percent = require "esim.percent"
local subscription = require "esim.subscription"

local sim = {}

local inner = setmetatable({}, { __mode = "k" })  -- of each its client's service

local Sim = {}
Sim.__index = Sim

--- Its ICCID and status; never what `raw` holds.
function Sim:__tostring()
  return "esim.sim: ICCID " .. self.iccid:gsub("[^%w]+", " ") .. " "
    .. (err.redact(self.status or "", inner[self]:secrets()):match("^[%w_]+$") or "unknown")
end

local function take(self, body)
  local said = api.sim(body)
  self.status, self.eid, self.raw = said.status or self.status, said.eid or self.eid, body
end

local function bare(iccid)
  return (iccid:gsub("[Ff]$", ""))  -- some pad it
end

local function is_about(body, iccid)
  local said = api.sim(body)
  return said.status ~= nil and (said.iccid == nil or bare(said.iccid) == bare(iccid))
end

local function invalid(field, reason)
  return nil, err.new("invalid", { field = field, message = native.faults[reason] })
end

local function path_of(self)
  return inner[self].api:path("sim", self.iccid)
end

local function send(self, options, what)
  what.timeout, what.correlation_id = options.timeout, options.correlation_id
  return call.send(inner[self], what)
end

local function look(self, options)
  local body, e, _, context = send(self, options, { method = "GET", path = path_of(self) })
  if not body then
    return nil, e
  elseif not is_about(body, self.iccid) then
    return call.unusable("the body is not about this SIM", context)
  end
  take(self, body)
  return self
end

--- client:sim(iccid [, options]), see esim.rest.
-- @return sim with .iccid .status .eid (texts or nil) .raw | nil, err
function sim.get(client, iccid, options)
  local ok, reason = native.iccid(iccid)
  if not ok and options.check ~= false then
    return invalid("iccid", reason)
  end
  local self = setmetatable({ iccid = iccid }, Sim)
  inner[self] = client
  return look(self, options)
end

--- Ask the provider again.
-- @param options  timeout (seconds), correlation_id, or nil
-- @return itself | nil, err
function Sim:refresh(options)
  options = call.options(options, nil, "sim:refresh", 2)
  loop.check("sim:refresh")
  return look(self, options)
end

--- Change it. Repeating that does no harm, so it is repeated where it fails in passing.
-- @param fields   the provider's: eid (checked, SGP.29)
-- @param options  timeout (seconds), correlation_id, check = false, or nil
-- @return itself, as the provider describes it then, or as it was where it says nothing | nil, err
function Sim:update(fields, options)
  if type(fields) ~= "table" or next(fields) == nil then
    error("sim:update: table of the provider's fields expected", 2)
  end
  options = call.options(options, { check = "boolean" }, "sim:update", 2)
  loop.check("sim:update")
  if fields.eid ~= nil and options.check ~= false then
    local ok, reason = false, "digit"
    if type(fields.eid) == "string" then
      ok, reason = native.eid(fields.eid)
    end
    if not ok then
      return invalid("eid", reason)
    end
  end
  local body, e = send(self, options, { method = "PUT", path = path_of(self), body = fields })
  if not body then
    return nil, e
  elseif is_about(body, self.iccid) then
    take(self, body)
  end
  return self
end

--- The subscriptions on it, for a `for` loop: `for subscription, err in sim:subscriptions() do`.
-- @param query    size (entries of a page), or nil
-- @param options  timeout (seconds, of each page), correlation_id, or nil
-- @return iterator: each subscription; false, err where a page cannot be had, and nothing after that
function Sim:subscriptions(query, options)
  query = subscription.query(query, "sim:subscriptions", 2)
  options = call.options(options, nil, "sim:subscriptions", 2)
  local client = inner[self]
  local path, whole = client.api:subscriptions_of(self.iccid, query)
  return subscription.each(client, path, whole, options, "sim:subscriptions")
end

-- Raise unless `fields` name a notification: { type, url }.
local function check_notification(fields, name, level)
  if type(fields) ~= "table" then
    error(name .. ": table with type and url expected, got " .. type(fields), level + 1)
  end
  call.identifier(fields.type, name .. ": type", level + 1)
  call.identifier(fields.url, name .. ": url", level + 1)
end

-- Register a URL, or forget it: true | nil, err.
local function change_notification(self, fields, options, what)
  if not fields.url:find("^https?://[^%s%c]+$") then
    return nil, err.new("invalid", { field = "url", message = "must be a whole URL, http or https" })
  end
  what.path = inner[self].api:path("preferences", self.iccid) .. "/notifications/" .. percent.encode(fields.type)
  what.body = { webhook_url = fields.url }
  local body, e = send(self, options, what)
  if not body then
    return nil, e
  end
  return true
end

--- Have the provider tell a URL of yours what happens to this SIM. Sent once.
-- @param fields   type: SUBSCRIPTION_END, USAGE_THRESHOLD, DOWNLOAD_PROGRESS or another; url: http or https
-- @param options  timeout (seconds), correlation_id, or nil
-- @return true | nil, err (`unknown`: look with `notifications`)
function Sim:notify(fields, options)
  check_notification(fields, "sim:notify", 2)
  options = call.options(options, nil, "sim:notify", 2)
  loop.check("sim:notify")
  return change_notification(self, fields, options, { method = "POST", once = true })
end

--- Have it told no more. Repeating that does no harm, so it is repeated where it fails in passing.
-- @param fields   type and url, as `notifications` lists them
-- @param options  timeout (seconds), correlation_id, or nil
-- @return true | nil, err (`refused` with http 404: there is none, perhaps since an answer was lost)
function Sim:unnotify(fields, options)
  check_notification(fields, "sim:unnotify", 2)
  options = call.options(options, nil, "sim:unnotify", 2)
  loop.check("sim:unnotify")
  return change_notification(self, fields, options, { method = "DELETE" })
end

--- What is told of this SIM, and to whom.
-- @param options  timeout (seconds), correlation_id, or nil
-- @return list of { type, url, raw } | nil, err
function Sim:notifications(options)
  options = call.options(options, nil, "sim:notifications", 2)
  loop.check("sim:notifications")
  local body, e, _, context = send(self, options, {
    method = "GET", path = inner[self].api:path("preferences", self.iccid),
  })
  if not body then
    return nil, e
  end
  local list = notification.list(body)
  if not list then
    return call.unusable("the body holds no notifications", context)
  end
  return list
end

return sim

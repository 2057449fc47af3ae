--- What the provider tells a URL of yours, and what it was asked to tell. Its page "Notifications".

local err = require "esim.err"
local json = require "esim.json"

local notification = {}

local MOST = 65536  -- bytes of a notification: theirs have some hundred

-- The provider spells it in both ways on one page.
local SPELLINGS = { SUBSCRITPION_END = "SUBSCRIPTION_END" }

--- The one spelling of a type.
function notification.type(text)
  return SPELLINGS[text] or text
end

local function invalid(message)
  return nil, err.new("invalid", { field = "notification", message = message })
end

local function text(value)
  return type(value) == "string" and value or nil
end

local Notification = {}
Notification.__index = Notification

--- Its type, where that is a word; never what else it holds.
function Notification:__tostring()
  return "esim.notification: " .. (self.type:match("^[%w_]+$") or "unknown")
end

--- Read what arrived. Who sent it is not known: anybody may post to your URL. Ask the provider (`client:subscription`,
-- `sim:refresh`) before you act on it.
-- @param body  the request's body; anything, for it comes from outside
-- @return { type (SUBSCRIPTION_END in one spelling; one that is not known as it came), id, iccid, subscription_id, eid
--   (texts or nil), raw (the provider's fields) } | nil, err of kind `invalid`
function notification.parse(body)
  if type(body) ~= "string" or body == "" then
    return invalid("there is no body")
  elseif #body > MOST then
    return invalid("is larger than " .. MOST .. " bytes")
  end
  local raw = json.decode(body)
  if type(raw) ~= "table" then
    return invalid("is no JSON object")
  elseif type(raw.type) ~= "string" or raw.type == "" then
    return invalid("names no type")
  end
  return setmetatable({
    type = notification.type(raw.type), id = text(raw.id), iccid = text(raw.iccid),
    subscription_id = text(raw.subscription_id) or text(raw.subscriptionId), eid = text(raw.eid), raw = raw,
  }, Notification)
end

local function entry(kind, raw)
  local fields = type(raw) == "table" and raw or { webhook_url = raw }
  return { type = text(fields.type) or text(kind), url = text(fields.webhook_url) or text(fields.url), raw = raw }
end

--- The notifications in a SIM's preferences: a list of objects, or an object by type.
-- @return list of { type, url, raw } | nil: there are none to be read
function notification.list(body)
  local found, list = body.notifications, {}
  if found == nil then
    found = body
  end
  if type(found) ~= "table" then
    return nil
  end
  for kind, raw in pairs(found) do
    local one = entry(kind, raw)
    if not one.type or not (one.url and one.url:find("://", 1, true)) then
      return nil
    end
    list[#list + 1] = one
  end
  table.sort(list, function(a, b) return a.type < b.type end)
  return list
end

return notification

--- Notifications: what the provider tells by itself, to the webhooks of a SIM. Assumed: that each kind may have several
-- webhooks, and that nothing is told twice.

local store = require "esim.sandbox.store"
local webhook = require "esim.sandbox.webhook"

local notices = {}

-- As the provider spells them, the second of its spellings included.
local KINDS = {
  SUBSCRIPTION_END = "SUBSCRIPTION_END", SUBSCRITPION_END = "SUBSCRIPTION_END", USAGE_THRESHOLD = "USAGE_THRESHOLD",
  DOWNLOAD_PROGRESS = "DOWNLOAD_PROGRESS",
}

--- Whether there is such a kind.
function notices.is_kind(kind)
  return KINDS[kind] ~= nil
end

--- What is registered for a SIM: a list of { type, webhook_url }.
function notices.registered(iccid)
  return store.get("webhooks:" .. iccid) or {}
end

-- The place of a webhook in a list, or nil.
local function place_of(list, kind, url)
  for i, one in ipairs(list) do
    if KINDS[one.type] == KINDS[kind] and one.webhook_url == url then
      return i
    end
  end
end

--- Register a webhook; one that is registered already stays as it is.
function notices.add(iccid, kind, url)
  local list = notices.registered(iccid)
  if not place_of(list, kind, url) then
    list[#list + 1] = { type = kind, webhook_url = url }
    store.put("webhooks:" .. iccid, list)
  end
end

--- Forget a webhook.
-- @return whether it was there
function notices.remove(iccid, kind, url)
  local list = notices.registered(iccid)
  local place = place_of(list, kind, url)
  if place then
    table.remove(list, place)
    store.put("webhooks:" .. iccid, list)
  end
  return place ~= nil
end

--- Tell who wants to know.
-- @param kind    in the spelling that the body is to have
-- @param fields  of the body, besides id, type and iccid
function notices.send(iccid, kind, fields)
  for _, one in ipairs(notices.registered(iccid)) do
    if KINDS[one.type] == KINDS[kind] then
      local body = { id = store.new_id(), type = kind, iccid = iccid }
      for name, value in pairs(fields) do
        body[name] = value
      end
      webhook.post(one.webhook_url, store.encode(body))
    end
  end
end

return notices

--- Subscriptions: a plan on a SIM. The provider's pages "Subscription Lifecycle" and "Subscriptions Reports".

local api = require "esim.api"
local call = require "esim.call"
local err = require "esim.err"
local input = require "esim.input"
local loop = require "esim.loop"
local paging = require "esim.paging"

local subscription = {}

local inner = setmetatable({}, { __mode = "k" })  -- of each its client's service

local Subscription = {}
Subscription.__index = Subscription

--- Its id and status; never what `raw` holds.
function Subscription:__tostring()
  local secrets = inner[self]:secrets()
  return "esim.subscription: " .. err.redact(self.id, secrets):gsub("%c+", " ") .. " "
    .. (err.redact(self.status or "", secrets):match("^[%w_]+$") or "unknown")
end

local function take(self, body)
  local said = api.subscription(body)
  self.id, self.status, self.raw = said.id, said.status, body
  self.iccid, self.product_id, self.created = said.iccid, said.product_id, said.created
end

--- @param client  service of the client
-- @param body     what the provider says of it
-- @return subscription with .id .status .iccid .product_id .created (texts or nil) .raw | nil: it has no id
function subscription.new(client, body)
  if not api.subscription(body).id then
    return nil
  end
  local self = setmetatable({}, Subscription)
  inner[self] = client
  take(self, body)
  return self
end

local function look(client, id, options)
  local body, e, _, context = call.send(client, {
    method = "GET", path = client.api:path("subscription", id), timeout = options.timeout,
    correlation_id = options.correlation_id,
  })
  if not body then
    return nil, e
  elseif not api.is_about(body, id) then
    return call.unusable("the body is not about this subscription", context)
  end
  return body
end

--- client:subscription(id [, options]), see esim.rest.
function subscription.get(client, id, options)
  local body, e = look(client, id, options)
  if not body then
    return nil, e
  end
  return subscription.new(client, body)
end

--- Ask the provider again.
-- @param options  timeout (seconds), correlation_id, or nil
-- @return itself | nil, err
function Subscription:refresh(options)
  options = call.options(options, nil, "subscription:refresh", 2)
  loop.check("subscription:refresh")
  local body, e = look(inner[self], self.id, options)
  if not body then
    return nil, e
  end
  take(self, body)
  return self
end

--- Activate it. Sent once: whether it may be repeated is not documented.
-- @param options  timeout (seconds), correlation_id, or nil
-- @return itself, as the provider describes it then, or as it was where it says nothing | nil, err (`unknown`: look at
--   its status with `refresh` before you activate it again)
function Subscription:activate(options)
  options = call.options(options, nil, "subscription:activate", 2)
  loop.check("subscription:activate")
  local client = inner[self]
  local body, e = call.send(client, {
    method = "POST", path = client.api:path("subscription", self.id, "activate"), body = {}, once = true,
    timeout = options.timeout, correlation_id = options.correlation_id,
  })
  if not body then
    return nil, e
  elseif api.is_about(body, self.id) then
    take(self, body)
  end
  return self
end

local KNOWN = {
  iccid = true, email = true, ["product-id"] = true, before = true, after = true, size = true, page = true,
  page_size = true,
}

-- A time as the provider writes it.
local function in_words(value)
  return type(value) == "number" and os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(value)) or value
end

local function check_time(query, field, name, level)
  local value = query[field]
  if value == nil then
    return nil
  elseif type(value) == "number" and value >= 0 and value < 253402300800 then  -- the year 10000
    return nil
  elseif type(value) ~= "string" or not input.time(value) then
    error(name .. ": " .. field .. " must be seconds since 1970, or a time in UTC such as 2030-01-31T12:00:00Z",
      level + 1)
  end
end

--- Raise unless `given` is a query of subscriptions. What the provider does not know it ignores, and then finds more
-- than was meant: so a name that is not known is a mistake here.
-- @return a copy
function subscription.query(given, name, level)
  local query = {}
  for key, value in pairs(call.query(given, nil, name, level + 1)) do
    query[key == "product_id" and "product-id" or key] = value
  end
  call.query(query, KNOWN, name, level + 1)
  check_time(query, "before", name, level + 1)
  check_time(query, "after", name, level + 1)
  query.before, query.after = in_words(query.before), in_words(query.after)
  return query
end

-- One page of them.
local function fetch(client, path, query, options)
  local list, page, context = call.list(client, {
    method = "GET", path = path, query = query, timeout = options.timeout, correlation_id = options.correlation_id,
  })
  if not list then
    return nil, page
  end
  local items = {}
  for i, body in ipairs(list) do
    items[i] = subscription.new(client, body)
    if not items[i] then
      return call.unusable("the list holds a subscription without an id", context)
    end
  end
  return items, page, context
end

--- Walk a list of them, page by page.
-- @param how      paging.each or paging.walk
-- @param path     of the list
-- @param query    its fields
-- @param options  timeout (seconds, of each page), correlation_id
-- @param name     of the function of ours that was called
-- @return iterator, see esim.paging
function subscription.pages(how, client, path, query, options, name)
  local fields = client.api:query(query)
  return how(function(page)
    fields.page = page or fields.page
    return fetch(client, path, fields, options)
  end, query.page, name)
end

--- The same for a `for` loop.
function subscription.each(...)
  return subscription.pages(paging.each, ...)
end

return subscription

--- The two dialects of the provider's API, v1 and v2: where things are, and how they are spelt.
-- connect-api: "v2 of the same API". What is read is read in either spelling; what is sent is sent in the client's.

local percent = require "esim.percent"

local api = {}

local PATHS = {
  v1 = { order = "/v1/order", product = "/v1/product", sim = "/v1/sim", subscription = "/v1/subscription" },
  v2 = { order = "/v2/orders", product = "/v2/products", sim = "/v2/sims", subscription = "/v2/subscriptions" },
}
local PREFERENCES = "/v1/sim"  -- of v2 none are known

local NONE = {}

local DEPTH = 64  -- of a body: deeper ones the encoder refuses

local Api = {}
Api.__index = Api

--- Whether `name` is a dialect.
function api.knows(name)
  return PATHS[name] ~= nil
end

--- @param options  api: "v1" (default) or "v2"; product_path, currency_parameter: where the provider's pages contradict
--   themselves, the reader's choice
function api.new(options)
  local version = options.api or "v1"
  return setmetatable({
    version = version, paths = PATHS[version], product_path = options.product_path,
    currency = options.currency_parameter or "targetCurrency",
  }, Api)
end

--- The path of a thing: of all of them, or the one with this id and what follows it.
-- @param kind  "order", "product", "sim", "subscription", or "preferences": of the SIM with this id
-- @param ...   id and further parts, each percent-encoded here; or nothing
function Api:path(kind, ...)
  if kind == "preferences" then
    local iccid = ...
    return PREFERENCES .. "/" .. percent.encode(iccid) .. "/preferences"
  end
  local path = kind == "product" and self.product_path or self.paths[kind]
  for i = 1, select("#", ...) do
    path = path .. "/" .. percent.encode((select(i, ...)))
  end
  return path
end

local function snake(key)
  return type(key) == "string" and (key:gsub("(%l)(%u)", "%1_%2"):lower()) or key
end

-- A copy in v2's way of writing names; `names` are those that it calls otherwise.
local function renamed(value, names, depth)
  if type(value) ~= "table" or depth > DEPTH then
    return value
  end
  local copy = {}
  for key, inner in pairs(value) do
    copy[names[key] or snake(key)] = renamed(inner, {}, depth + 1)
  end
  return copy
end

local ORDER = { operationType = "operation_type", countryCode = "country" }
local PRODUCT = { product_id = "id", price = "sold_price", currency = "sold_currency" }
local DEVICE = { type = "operating_system" }
local OPERATIONS = { NEW_ESIM = "ACTIVATION", TOPUP = "TOPUP", TOPUP_ACTIVATION = "TOPUP" }
local SYSTEMS = { ios = "iOS", android = "Android", iot = "IoT" }

local function subscriber_of(input)
  local subscriber = renamed(input.customer or {}, {}, 1)
  local device = renamed(input.device, DEVICE, 1)
  if type(subscriber) ~= "table" then
    return subscriber
  elseif type(device) == "table" then
    device.operating_system = SYSTEMS[device.operating_system] or device.operating_system
  end
  subscriber.device, subscriber.sim = device, renamed(input.esim, {}, 1)
  return subscriber
end

-- An order of v1 in the words of v2, which takes one product: body | nil, field, what is wrong with it.
local function in_v2(input)
  local list = input.subscriptions
  if type(list) ~= "table" or #list ~= 1 then
    return nil, "subscriptions", "must hold one product: an order of v2 takes no more"
  end
  local rest = {}
  for name, value in pairs(input) do
    rest[name] = value
  end
  rest.customer, rest.device, rest.esim, rest.subscriptions = nil, nil, nil, nil
  local body = renamed(rest, ORDER, 1)
  body.operation_type = OPERATIONS[body.operation_type] or body.operation_type
  if body.operation_type == "ACTIVATION" then
    body.sim_type = body.sim_type or "ESIM"
  end
  body.product, body.subscriber = renamed(list[1], PRODUCT, 1), subscriber_of(input)
  return body
end

--- The body of an order. v2's words are those of the provider's page "Getting a new eSIM" (v2).
-- @param input  in v1's words
-- @return table | nil, field, what is wrong with it
function Api:order(input)
  if self.version == "v2" then
    return in_v2(input)
  end
  return { input = input }
end

--- Where the subscriptions of a SIM are listed: v2 has but the search.
-- @return path, query
function Api:subscriptions_of(iccid, query)
  if self.version == "v1" then
    return self:path("sim", iccid, "subscriptions"), query
  end
  query.iccid = iccid
  return self:path "subscription", query
end

local SIZE = { v1 = "size", v2 = "page_size" }

--- A query of a list, in which `currency` and `size` go under the dialect's names.
function Api:query(given)
  local query = {}
  for name, value in pairs(given or {}) do
    query[name] = value
  end
  query.currency, query.size, query.page_size = nil, nil, nil
  if given and given.currency ~= nil then
    query[self.currency] = given.currency
  end
  query[SIZE[self.version]] = given and (given.size or given.page_size)
  return query
end

local function gather(links, list)
  for name, link in pairs(type(list) == "table" and list or NONE) do
    links[name] = type(link) == "table" and link.href or link
  end
end

-- Links stand in `_metadata`, under either name; each is a text, or an object that holds one.
local function links_of(body)
  local metadata, links = body._metadata, {}
  gather(links, body._links)
  if type(metadata) == "table" then
    gather(links, metadata._links)
    gather(links, metadata.links)
  end
  return links
end

local function named_in(link)
  local page = type(link) == "string" and link:match("[?&]page=([^&#]+)")
  return page and percent.decode(page) or nil
end

--- The name of the page after this one: v1 has it in a header, v2 in a link.
-- @param header  X-Next-Page, or nil
-- @param body    table
-- @return text | nil
function api.next_page(header, body)
  if header and header ~= "" then
    return named_in(header) or header
  end
  return named_in(links_of(body)._next)
end

-- The list that begins in `text` behind `at`: what was null in it is not there any more, and leaves a hole.
local function whole(list, text, at)
  local count = 0
  for _ in pairs(list) do
    count = count + 1
  end
  for i = 1, count do
    if list[i] == nil then
      return nil
    end
  end
  return (count > 0 or text:find("^%s*%]", at + 1)) and list or nil
end

--- The list in an answer.
-- @param body  table that `text` holds
-- @param text  string: an object without fields is no list without entries
-- @return list | nil
function api.list(body, text)
  local _, at = text:find "^%s*%["
  if at then
    return whole(body, text, at)
  end
  _, at = text:find '"data"%s*:%s*%['
  return at and type(body.data) == "table" and whole(body.data, text, at) or nil
end

local function text(...)
  for i = 1, select("#", ...) do
    local value = select(i, ...)
    if type(value) == "string" and value ~= "" then
      return value
    end
  end
end

--- Whether a body is about the thing with this id.
function api.is_about(body, id)
  return body.id == id
end

--- What both dialects say of a subscription.
-- @return { id, status, iccid, product_id, created }, each a text or nil
function api.subscription(body)
  local product = type(body.product) == "table" and body.product or {}
  return {
    id = text(body.id), status = text(body.status), iccid = text(body.iccid, body.sim_id),
    product_id = text(body.product_id, body.productId, product.id), created = text(body.createdDate, body.created_date),
  }
end

--- Whose subscription it is, where the body says.
-- @return text | nil
function api.email(body)
  local customer = type(body.customer) == "table" and body.customer or {}
  return text(body.email, customer.email)
end

--- What both dialects say of a SIM.
-- @return { iccid, status, eid }, each a text or nil
function api.sim(body)
  return { iccid = text(body.iccid, body.id), status = text(body.status), eid = text(body.eid) }
end

local OUTPUT = {
  iccid = true, matching_id = true, matchingId = true, smdp_url = true, smdpUrl = true, lpa_url = true, _lpa = true,
  qrcode_url = true, subscription_id = true,
}

-- Add to an output what is not in it yet.
local function complete(output, source)
  for name, value in pairs(source) do
    if value and OUTPUT[name] and not output[name] then
      output[name] = value
    end
  end
end

--- What a completed order brought, as v1 names it: `output`. v2 has it in the body, its `output` or its links.
-- @return table | nil
function api.output(body)
  local links = links_of(body)
  local found = type(body.output) == "table" and body.output or {}
  local within = links_of(found)
  local output = {}
  for name, value in pairs(found) do
    if value or not OUTPUT[name] then
      output[name] = value
    end
  end
  complete(output, within)
  complete(output, links)
  complete(output, body)
  output.iccid = output.iccid or output.sim_id or body.sim_id
  output.smdp_url = output.smdp_url or within._smdp or links._smdp
  output.qrcode_url = output.qrcode_url or within._qrcode or links._qrcode
  return (type(body.output) == "table" or next(output)) and output or nil
end

return api

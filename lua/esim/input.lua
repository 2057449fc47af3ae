--- What the provider will refuse, found before anything is sent.
-- connect-api: the order's body and its required fields by operation.

local err = require "esim.err"
local native = require "esim.native"

local input = {}

local DEVICES = { ios = true, android = true, iot = true }
local OPERATIONS = { NEW_ESIM = true, TOPUP = true, TOPUP_ACTIVATION = true }

local function reject(field, message)
  return err.new("invalid", { field = field, message = message })
end

local function check_text(value, field, required)
  if value == nil then
    return required and reject(field, "is required") or nil
  elseif type(value) ~= "string" or value == "" then
    return reject(field, "must be a text")
  end
end

local function check_country(value, field, required)
  if value == nil then
    return required and reject(field, "is required") or nil
  elseif type(value) ~= "string" or not value:match("^%a%a$") then
    return reject(field, "must be a country of two letters (ISO 3166-1 alpha-2)")
  end
end

local function check_digits(value, field, check, required)
  if value == nil then
    return required and reject(field, "is required") or nil
  elseif type(value) ~= "string" then
    return reject(field, "must be a text")
  end
  local ok, reason = check(value)
  if not ok then
    return reject(field, native.faults[reason])
  end
end

local function days(year, month, day)
  local y = month <= 2 and year - 1 or year
  local era = math.floor(y / 400)
  local of_era = y - era * 400
  local of_year = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
end

--- Seconds since 1970 of an ISO 8601 date and time in UTC, or nil.
function input.time(text)
  local y, mo, d, h, mi, s, rest = text:match("^(%d%d%d%d)%-(%d%d)%-(%d%d)T(%d%d):(%d%d):(%d%d)(.*)$")
  if not y or not (rest:match("^%.?%d*Z$") or rest:match("^%.?%d*%+00:?00$")) then
    return nil
  end
  y, mo, d, h, mi, s = tonumber(y), tonumber(mo), tonumber(d), tonumber(h), tonumber(mi), tonumber(s)
  local lengths = { 31, y % 4 == 0 and (y % 100 ~= 0 or y % 400 == 0) and 29 or 28, 31, 30, 31, 30, 31, 31, 30, 31,
    30, 31 }
  if mo < 1 or mo > 12 or d < 1 or d > lengths[mo] or h > 23 or mi > 59 or s > 60 then
    return nil
  end
  return days(y, mo, d) * 86400 + h * 3600 + mi * 60 + s
end

-- Of the subscription of that number.
local function reject_item(i, field, message)
  return reject("subscriptions[" .. i .. "]" .. (field and "." .. field or ""), message)
end

local function check_date(value, i, now)
  if value == nil then
    return nil
  end
  local time = type(value) == "string" and input.time(value)
  if not time then
    return reject_item(i, "activationDate", "must be a time in UTC such as 2030-01-31T12:00:00Z (ISO 8601)")
  elseif time < now then
    return reject_item(i, "activationDate", "must not be in the past")
  end
end

local function check_price(price, currency, i)
  if price == nil and currency == nil then
    return nil
  elseif price == nil then
    return reject_item(i, "price", "is required with currency")
  elseif currency == nil then
    return reject_item(i, "currency", "is required with price")
  elseif type(price) ~= "number" or price < 0 or price ~= price or price == math.huge then
    return reject_item(i, "price", "must be a number, 0 or more")
  elseif type(currency) ~= "string" or not currency:match("^%a%a%a$") then
    return reject_item(i, "currency", "must be a currency of three letters (ISO 4217)")
  end
end

local function check_subscriptions(list, now)
  if type(list) ~= "table" or #list == 0 then
    return reject("subscriptions", "must be a list of one or more")
  end
  for i, item in ipairs(list) do
    if type(item) ~= "table" then
      return reject_item(i, nil, "must be a table")
    elseif type(item.product_id) ~= "string" or item.product_id == "" then
      return reject_item(i, "product_id", "is required")
    end
    local wrong = check_date(item.activationDate, i, now) or check_price(item.price, item.currency, i)
    if wrong then
      return wrong
    end
  end
end

local NONE = {}

-- A part of the order: a table, or nil.
local function part_of(order, name)
  local part = order[name]
  if part == nil then
    return NONE
  elseif type(part) ~= "table" then
    return NONE, reject(name, "must be a table")
  end
  return part
end

local function check_new(order, customer, device)
  local kind = device.type
  if kind ~= nil and not DEVICES[kind] then
    return reject("device.type", "must be ios, android or iot")
  end
  return check_country(order.countryCode, "countryCode", true)
    or check_text(customer.email, "customer.email", true)
    or (kind == nil and reject("device.type", "is required")) or nil
end

local function check_common(order, customer, device, esim)
  return check_country(order.countryCode, "countryCode")
    or check_country(customer.countryOfResidence, "customer.countryOfResidence")
    or check_text(customer.firstName, "customer.firstName") or check_text(customer.lastName, "customer.lastName")
    or check_text(device.id, "device.id", true)
    or check_text(device.make, "device.make") or check_text(device.model, "device.model")
    or check_digits(device.eid, "device.eid", native.eid)
    or check_digits(esim.iccid, "esim.iccid", native.iccid, order.operationType ~= "NEW_ESIM")
end

local function check_all(order, now)
  local customer, wrong_customer = part_of(order, "customer")
  local device, wrong_device = part_of(order, "device")
  local esim, wrong_esim = part_of(order, "esim")
  return wrong_customer or wrong_device or wrong_esim
    or order.operationType == "NEW_ESIM" and check_new(order, customer, device)
    or check_common(order, customer, device, esim) or check_subscriptions(order.subscriptions, now)
end

--- Check an order's input.
-- @param order  the provider's fields; `operationType` present
-- @param now    seconds since 1970
-- @return list of warnings | nil, err of kind `invalid` with `field`
function input.check(order, now)
  if not OPERATIONS[order.operationType] then
    return nil, reject("operationType", "must be NEW_ESIM or TOPUP")
  end
  local wrong = check_all(order, now)
  if wrong then
    return nil, wrong
  end
  return input.warnings(order)
end

--- What identifies a request: it stands in a header.
-- @param given  text, or nil: a new one (a UUID, RFC 9562)
-- @return text | nil, err of kind `invalid`, or `not_sent` where there is no randomness to be had
function input.correlation_id(given)
  if given == nil then
    local made, fault = native.uuid()
    return made, not made and err.new("not_sent", { message = native.faults[fault] }) or nil
  elseif given == "" or #given > 255 then
    return nil, reject("correlation_id", "must have 1 to 255 characters")
  elseif given:find("%c") or given:find("^ ") or given:find(" $") then
    return nil, reject("correlation_id", "must not hold a control character, nor begin or end with a space")
  end
  return given
end

--- What the provider accepts and ignores.
-- @return list of sentences
function input.warnings(order)
  local warnings = {}
  local device = type(order.device) == "table" and order.device or {}
  if device.eid ~= nil and device.type ~= "ios" then
    warnings[1] = "device.eid: the provider ignores it unless device.type is ios"
  end
  return warnings
end

--- A copy with `operationType` set.
function input.complete(order)
  local copy = {  -- with room for what an order has
    operationType = nil, countryCode = nil, customer = nil, device = nil, esim = nil, subscriptions = nil,
  }
  for key, value in pairs(order) do
    copy[key] = value
  end
  copy.operationType = copy.operationType or "NEW_ESIM"
  return copy
end

return input

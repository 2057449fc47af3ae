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

local parts_of = {}  -- each path taken apart: they are our own, and few

local function take_apart(path)
  local parts = {}
  for part in path:gmatch("[^.]+") do
    parts[#parts + 1] = part
  end
  parts_of[path] = parts
  return parts
end

local function at(order, path)
  local value, parts = order, parts_of[path] or take_apart(path)
  for i = 1, #parts do
    if type(value) ~= "table" then
      return nil
    end
    value = value[parts[i]]
  end
  return value
end

local function check_text(order, path, required)
  local value = at(order, path)
  if value == nil then
    return required and reject(path, "is required") or nil
  elseif type(value) ~= "string" or value == "" then
    return reject(path, "must be a text")
  end
end

local function check_country(order, path, required)
  local value = at(order, path)
  if value == nil then
    return required and reject(path, "is required") or nil
  elseif type(value) ~= "string" or not value:match("^%a%a$") then
    return reject(path, "must be a country of two letters (ISO 3166-1 alpha-2)")
  end
end

local function check_digits(order, path, check, required)
  local value = at(order, path)
  if value == nil then
    return required and reject(path, "is required") or nil
  elseif type(value) ~= "string" then
    return reject(path, "must be a text")
  end
  local ok, reason = check(value)
  if not ok then
    return reject(path, native.faults[reason])
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

local function check_date(value, path, now)
  if value == nil then
    return nil
  end
  local time = type(value) == "string" and input.time(value)
  if not time then
    return reject(path, "must be a time in UTC such as 2030-01-31T12:00:00Z (ISO 8601)")
  elseif time < now then
    return reject(path, "must not be in the past")
  end
end

local function check_price(item, path)
  if item.price == nil and item.currency == nil then
    return nil
  elseif item.price == nil then
    return reject(path .. ".price", "is required with currency")
  elseif item.currency == nil then
    return reject(path .. ".currency", "is required with price")
  elseif type(item.price) ~= "number" or item.price < 0 or item.price ~= item.price or item.price == math.huge then
    return reject(path .. ".price", "must be a number, 0 or more")
  elseif type(item.currency) ~= "string" or not item.currency:match("^%a%a%a$") then
    return reject(path .. ".currency", "must be a currency of three letters (ISO 4217)")
  end
end

local function check_subscriptions(order, now)
  local list = order.subscriptions
  if type(list) ~= "table" or #list == 0 then
    return reject("subscriptions", "must be a list of one or more")
  end
  for i, item in ipairs(list) do
    local path = "subscriptions[" .. i .. "]"
    if type(item) ~= "table" then
      return reject(path, "must be a table")
    elseif type(item.product_id) ~= "string" or item.product_id == "" then
      return reject(path .. ".product_id", "is required")
    end
    local wrong = check_date(item.activationDate, path .. ".activationDate", now) or check_price(item, path)
    if wrong then
      return wrong
    end
  end
end

local function check_tables(order)
  for _, name in ipairs { "customer", "device", "esim" } do
    if order[name] ~= nil and type(order[name]) ~= "table" then
      return reject(name, "must be a table")
    end
  end
end

local function check_new(order)
  local kind = at(order, "device.type")
  if kind ~= nil and not DEVICES[kind] then
    return reject("device.type", "must be ios, android or iot")
  end
  return check_country(order, "countryCode", true)
    or check_text(order, "customer.email", true)
    or (kind == nil and reject("device.type", "is required")) or nil
end

local function check_common(order)
  return check_country(order, "countryCode")
    or check_country(order, "customer.countryOfResidence")
    or check_text(order, "customer.firstName") or check_text(order, "customer.lastName")
    or check_text(order, "device.id", true)
    or check_text(order, "device.make") or check_text(order, "device.model")
    or check_digits(order, "device.eid", native.eid)
    or check_digits(order, "esim.iccid", native.iccid, order.operationType ~= "NEW_ESIM")
end

--- Check an order's input.
-- @param order  the provider's fields; `operationType` present
-- @param now    seconds since 1970
-- @return list of warnings | nil, err of kind `invalid` with `field`
function input.check(order, now)
  if not OPERATIONS[order.operationType] then
    return nil, reject("operationType", "must be NEW_ESIM or TOPUP")
  end
  local wrong = check_tables(order)
    or (order.operationType == "NEW_ESIM" and check_new(order))
    or check_common(order) or check_subscriptions(order, now)
  if wrong then
    return nil, wrong
  end
  return input.warnings(order)
end

--- Check what identifies a request: it stands in a header.
-- @return nil | err of kind `invalid`
function input.check_correlation(id)
  if id == "" or #id > 255 then
    return reject("correlation_id", "must have 1 to 255 characters")
  elseif id:find("%c") or id:find("^ ") or id:find(" $") then
    return reject("correlation_id", "must not hold a control character, nor begin or end with a space")
  end
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
  local copy = {}
  for key, value in pairs(order) do
    copy[key] = value
  end
  copy.operationType = copy.operationType or "NEW_ESIM"
  return copy
end

return input

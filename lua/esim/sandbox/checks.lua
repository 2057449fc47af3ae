--- What the provider refuses, in its own words: headers and body of an order.
-- Runs inside nginx; independent of esim.input, which it is there to test.

local dates = require "esim.sandbox.dates"

local ngx = ngx  -- luacheck: ignore

local checks = {}

local NEW, TOPUP = { NEW_ESIM = true }, { TOPUP = true, TOPUP_ACTIVATION = true }

--- The headers that every request carries.
-- @param accepts  function(value of Authorization) telling whether it lets its sender in
-- @return nil, or status, type, message
function checks.headers(headers, accepts)
  if not accepts(headers["authorization"]) then
    return 401, "UNAUTHORISED", "The access token is missing, wrong or expired"
  end
  local id = headers["x-correlation-id"]
  if type(id) ~= "string" or id == "" then
    return 400, "INVALID_HTTP_MESSAGE", "X-Correlation-ID is required"
  end
  if not (headers["content-type"] or ""):find("^application/json") then
    return 400, "INVALID_HTTP_MESSAGE", "Content-Type must be application/json"
  end
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

--- Whether this is an EID: 32 digits that are 1 modulo 97 (ISO/IEC 7064).
function checks.is_eid(value)
  if type(value) ~= "string" or not value:match("^%d+$") or #value ~= 32 then
    return false
  end
  local rest = 0
  for digit in value:gmatch("%d") do
    rest = (rest * 10 + tonumber(digit)) % 97
  end
  return rest == 1
end

--- Whether this is a date on which a subscription may begin: one that was a minute ago is still now.
function checks.is_start(value)
  local at = dates.parse(value)
  return at ~= nil and at > ngx.time() - 60
end

local function subscriptions(list)
  if type(list) ~= "table" or #list == 0 then
    return "subscriptions must not be empty"
  end
  for _, item in ipairs(list) do
    if type(item) ~= "table" or not is_text(item.product_id) then
      return "subscriptions.product_id is required"
    elseif (item.price == nil) ~= (item.currency == nil) then
      return "price and currency go together"
    elseif item.price ~= nil and type(item.price) ~= "number" then
      return "price must be a number"
    elseif item.activationDate ~= nil and not checks.is_start(item.activationDate) then
      return "activationDate must be a UTC date that is not in the past"
    end
  end
end

local function new_esim(input)
  local device, customer = input.device, input.customer
  if not is_text(input.countryCode) or not input.countryCode:match("^%a%a$") then
    return "countryCode is required"
  elseif type(customer) ~= "table" or not is_text(customer.email) then
    return "customer.email is required"
  elseif not ({ ios = true, android = true, iot = true })[device.type] then
    return "device.type is required"
  end
end

--- The body of an order.
-- @param body  what JSON held, or nil
-- @return nil, or status, type, message
function checks.order(body)
  local input = type(body) == "table" and body.input
  if type(input) ~= "table" then
    return 400, "INVALID_HTTP_MESSAGE", "The body is no order"
  end
  local wrong
  if type(input.device) ~= "table" or not is_text(input.device.id) then
    wrong = "device.id is required"
  elseif NEW[input.operationType] then
    wrong = new_esim(input)
  elseif not TOPUP[input.operationType] then
    wrong = "operationType is not known"
  elseif type(input.esim) ~= "table" or not is_text(input.esim.iccid) then
    wrong = "esim.iccid is required"
  end
  wrong = wrong or subscriptions(input.subscriptions)
  if wrong then
    return 400, "INVALID_REQUEST_PARAMS", wrong
  end
end

return checks

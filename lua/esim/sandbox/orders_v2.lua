--- Orders of v2: other words for the same, and one product each. Assumed: what is required, after v1.

local checks = require "esim.sandbox.checks"
local dates = require "esim.sandbox.dates"
local orders = require "esim.sandbox.orders"
local reply = require "esim.sandbox.reply"
local store = require "esim.sandbox.store"
local v2 = require "esim.sandbox.v2"

local ngx = ngx  -- luacheck: ignore

local orders_v2 = {}

local OPERATIONS = { ACTIVATION = "NEW_ESIM", TOPUP = "TOPUP" }

local function part(value)
  return type(value) == "table" and value or {}
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

local function fault_of_product(product)
  if not is_text(product.id) then
    return "product.id is required"
  elseif (product.sold_price == nil) ~= (product.sold_currency == nil) then
    return "product.sold_price and sold_currency go together"
  elseif product.sold_price ~= nil and type(product.sold_price) ~= "number" then
    return "product.sold_price must be a number"
  elseif product.activation_date ~= nil and not checks.is_start(product.activation_date) then
    return "product.activation_date must be a UTC date that is not in the past"
  end
end

local function fault_of(body)
  local subscriber = part(body.subscriber)
  if not OPERATIONS[body.operation_type] then
    return "operation_type is not known"
  elseif body.operation_type == "TOPUP" and not is_text(part(subscriber.sim).iccid) then
    return "subscriber.sim.iccid is required"
  elseif body.operation_type == "ACTIVATION" and not (is_text(body.country) and body.country:match("^%a%a$")) then
    return "country is required"
  elseif body.operation_type == "ACTIVATION" and not is_text(subscriber.email) then
    return "subscriber.email is required"
  end
  return fault_of_product(part(body.product))
end

-- The same order in the words of v1.
local function input_of(body)
  local product, subscriber = part(body.product), part(body.subscriber)
  local device = part(subscriber.device)
  return {
    operationType = OPERATIONS[body.operation_type], countryCode = body.country,
    customer = { email = subscriber.email }, esim = { iccid = part(subscriber.sim).iccid },
    device = { id = device.id, type = is_text(device.operating_system) and device.operating_system:lower() or nil },
    subscriptions = { {
      product_id = product.id, activationDate = product.activation_date,
      is_first_usage_activation = product.is_first_usage_activation,
    } },
  }
end

local function metadata_of(order)
  return v2.metadata({ _self = "/v2/orders/" .. order.id }, "_links")
end

-- The id comes first, as in v1: half of the answer still holds it.
local function accepted(order)
  return ('{"id":"%s","status":"ACCEPTED","created_date":"%s","_metadata":%s}')
    :format(order.id, dates.seconds(order.taken), store.encode(metadata_of(order)))
end

--- POST /v2/orders
function orders_v2.place()
  ngx.req.read_body()
  local body = store.decode(ngx.req.get_body_data())
  if type(body) ~= "table" or body.input or body.operation_type == nil then
    return reply.refuse(400, "INVALID_HTTP_MESSAGE", "The body is no order")
  end
  local wrong = fault_of(body)
  if wrong then
    return reply.refuse(400, "INVALID_REQUEST_PARAMS", wrong)
  end
  return orders.accept(input_of(body), accepted)
end

local function completed(order)
  local out = order.output
  return { matching_id = out.matchingId, iccid = out.iccid, subscription_id = out.subscription_id },
    v2.metadata {
      _lpa = v2.code(out.lpa_url), _sim = "/v2/sims/" .. out.iccid, _qrcode = out.qrcode_url, _smdp = out.smdpUrl,
      _subscription = "/v2/subscriptions/" .. out.subscription_id, _self = "/v2/orders/" .. order.id,
    }
end

local function shown(order, status)
  local output, metadata
  if status == "COMPLETED" then
    output, metadata = completed(order)
  end
  return store.encode {
    id = order.id, status = status, created_date = dates.seconds(order.taken), output = output,
    _metadata = metadata or metadata_of(order),
  }
end

--- GET /v2/orders/{id}
function orders_v2.look(id)
  return orders.show(id, shown)
end

return orders_v2

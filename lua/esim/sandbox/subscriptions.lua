--- Subscriptions: one for each product of an order, there once it is fulfilled. The fields are those of the provider's
-- pages. Assumed: that without an activation date a subscription is active at once; that `before` and `after`
-- leave out the very moment; that an activation of what is active changes nothing; that what is depleted has ended.

local catalogue = require "esim.sandbox.catalogue"
local dates = require "esim.sandbox.dates"
local notices = require "esim.sandbox.notices"
local pages = require "esim.sandbox.pages"
local reply = require "esim.sandbox.reply"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local v2 = require "esim.sandbox.v2"

local ngx = ngx  -- luacheck: ignore

local subscriptions = {}

local DAY, GIGABYTE = 86400, 1024 * 1024 * 1024

local THRESHOLD = 80   -- per cent of the initial balance

-- When it is activated, or nil: with its first usage.
local function activation_of(item, order)
  if item.is_first_usage_activation then
    return nil
  end
  return item.activationDate and dates.parse(item.activationDate) or order.ready
end

--- Keep the subscriptions of an order that is taken.
-- @param order  id, ready: when it is fulfilled; output, whose subscription_id is that of the first; plan
-- @param input  of the order
function subscriptions.keep(order, input)
  local iccid = order.output.iccid
  local sim = sims.known(iccid) or {}
  for i, item in ipairs(input.subscriptions) do
    local id = i == 1 and order.output.subscription_id or "s-" .. store.random_text(20)
    store.put("subscription:" .. id, {
      id = id, iccid = iccid, product_id = item.product_id, order_id = order.id, created = order.ready,
      shown = order.ready + (tonumber(order.plan.hidden) or 0),
      activation = activation_of(item, order),
      email = sims.email_of(input) or sim.email, device_id = input.device.id or sim.device_id,
    })
    store.push("subscriptions", id)
    store.push("subscriptions:" .. iccid, id)
  end
end

-- Those of a list of ids that exist by now, oldest first.
local function existing(list)
  local found, now = {}, ngx.now()
  for id in store.each(list) do
    local one = store.get("subscription:" .. id)
    if one and now >= one.created then
      found[#found + 1] = one
    end
  end
  return found
end

--- A subscription, or nil.
function subscriptions.find(id)
  local one = store.get("subscription:" .. id)
  return one and ngx.now() >= one.created and one or nil
end

-- Where it stands.
-- @return { status, ends (or nil), initial, spent }, the product
local function account_of(one)
  local product, now = catalogue.find(one.product_id), ngx.now()
  local ends = one.activation and one.activation + product.days * DAY
  local initial = product.gigabytes * GIGABYTE
  local spent = math.floor(initial * (one.share or 0))
  local status = not one.activation and "PENDING_USAGE" or now < one.activation and "PENDING"
    or now >= ends and "EXPIRED" or spent >= initial and "DEPLETED" or "ACTIVE"
  return { status = status, ends = ends, initial = initial, spent = spent }, product
end

--- How many of a SIM's have not ended, those that are on their way included.
function subscriptions.count(iccid)
  local n = 0
  for id in store.each("subscriptions:" .. iccid) do
    local one = store.get("subscription:" .. id)
    local status = one and account_of(one).status or "EXPIRED"
    if status ~= "EXPIRED" and status ~= "DEPLETED" then
      n = n + 1
    end
  end
  return n
end

local function in_v1(one)
  local account, product = account_of(one)
  return {
    id = one.id, status = account.status, iccid = one.iccid, device_id = one.device_id, auto_renew = "false",
    initialBalance = ("%.0f"):format(account.initial), spentBalance = ("%.0f"):format(account.spent),
    createdDate = dates.text(one.created), activationDate = one.activation and dates.text(one.activation),
    expirationDate = account.ends and dates.text(account.ends),
    product = {
      id = one.product_id, name = product.name, period = product.days, period_unit = "DAYS",
      plan_id = ("plan-%dGB-%dD"):format(product.gigabytes, product.days),
    },
  }
end

local function in_v2(one)
  local account, product = account_of(one)
  local path = "/v2/subscriptions/" .. one.id
  return {
    id = one.id, name = product.name, sim_id = one.iccid, product_id = one.product_id, status = account.status,
    created_date = dates.seconds(one.created), activation_date = one.activation and dates.seconds(one.activation),
    expiry_date = account.ends and dates.seconds(account.ends), initial_balance = account.initial,
    current_balance = account.initial - account.spent, spend_balance = account.spent, balance_units = "Bytes",
    _metadata = v2.metadata {
      _activate = path .. "/activate", _sim = "/v2/sims/" .. one.iccid, _self = path,
      _product = "/v2/products/" .. one.product_id,
    },
  }
end

local function all(list, show)
  local out = {}
  for i, one in ipairs(list) do
    out[i] = show(one)
  end
  return out
end

--- GET /v1/sim/{iccid}/subscriptions
function subscriptions.of_sim(iccid)
  if not sims.find(iccid) then
    return sims.refuse()
  end
  reply.json(store.encode_list(all(existing("subscriptions:" .. iccid), in_v1)))
end

-- What a search wants, or nil and what is wrong with it.
local function wanted()
  local args = ngx.req.get_uri_args()
  local want = { iccid = args.iccid, email = args.email, product_id = args["product-id"] }
  for name, value in pairs(args) do
    if type(value) ~= "string" then
      return nil, name .. " is there twice, or has no value"
    end
  end
  for _, name in ipairs { "before", "after" } do
    want[name] = args[name] and dates.parse(args[name])
    if args[name] and not want[name] then
      return nil, name .. " must be a date such as 2020-04-24T15:39:02Z"
    end
  end
  return want
end

local function is_wanted(one, want)
  for _, name in ipairs { "iccid", "email", "product_id" } do
    if want[name] and want[name] ~= one[name] then
      return false
    end
  end
  return ngx.now() >= one.shown and (not want.before or one.created < want.before)
    and (not want.after or one.created > want.after)
end

-- What the query asks for, or nil and what is wrong with it.
local function searched()
  local want, message = wanted()
  if not want then
    return nil, message
  end
  local found = {}
  for _, one in ipairs(existing(want.iccid and "subscriptions:" .. want.iccid or "subscriptions")) do
    if is_wanted(one, want) then
      found[#found + 1] = one
    end
  end
  return found
end

local function refuse_query(message)
  return reply.refuse(400, "INVALID_REQUEST_PARAMS", message)
end

--- GET /v1/subscription
function subscriptions.search()
  local found, message = searched()
  local part
  if found then
    part, message = pages.part(found, { size = "size", page = "page" })
  end
  if not part then
    return refuse_query(message)
  end
  pages.headers(part)
  reply.json(store.encode_list(all(part.items, in_v1)))
end

--- GET /v2/subscriptions
function subscriptions.search_v2()
  local found, message = searched()
  if not found then
    return refuse_query(message)
  end
  return v2.list("/v2/subscriptions", all(found, in_v2))
end

local function refuse()
  return reply.refuse(404, "SUBSCRIPTION_NOT_FOUND", "There is no such subscription")
end

local function look(id, show)
  local one = subscriptions.find(id)
  if not one then
    return refuse()
  end
  reply.json(store.encode(show(one)))
end

local function activate(id, show)
  local one, now = subscriptions.find(id), ngx.now()
  ngx.req.read_body()
  if one and (not one.activation or one.activation > now) then
    one.activation = now
    store.put("subscription:" .. id, one)
  end
  return look(id, show)
end

--- GET /v1/subscription/{id}
function subscriptions.look(id)
  return look(id, in_v1)
end

--- GET /v2/subscriptions/{id}
function subscriptions.look_v2(id)
  return look(id, in_v2)
end

--- POST /v1/subscription/{id}/activate
function subscriptions.activate(id)
  return activate(id, in_v1)
end

--- POST /v2/subscriptions/{id}/activate
function subscriptions.activate_v2(id)
  return activate(id, in_v2)
end

local function tell(one, kind)
  local account = account_of(one)
  notices.send(one.iccid, kind, {
    subscription_id = one.id, expiration_date = account.ends and dates.text(account.ends),
    current_balance = account.initial - account.spent, threshold = kind == "USAGE_THRESHOLD" and THRESHOLD or nil,
  })
end

--- Tell of a SIM's oldest subscription.
function subscriptions.tell(iccid, kind)
  local one = existing("subscriptions:" .. iccid)[1]
  if one then
    tell(one, kind)
  end
end

--- Use a subscription up to a share (0 to 1) of its initial balance: a first usage activates what waits for it.
-- @return true | nil, message
function subscriptions.spend(id, share)
  local one = subscriptions.find(id)
  if not one then
    return nil, "There is no such subscription"
  elseif not share or share < 0 or share > 1 then
    return nil, "spent must be from 0 to 1"
  end
  local before = one.share or 0
  one.share, one.activation = share, one.activation or ngx.now()
  store.put("subscription:" .. id, one)
  if before < THRESHOLD / 100 and share >= THRESHOLD / 100 then
    tell(one, "USAGE_THRESHOLD")
  end
  if before < 1 and share == 1 then
    tell(one, "SUBSCRIPTION_END")
  end
  return true
end

return subscriptions

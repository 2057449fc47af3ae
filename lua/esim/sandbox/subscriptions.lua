--- Subscriptions: one for each product of an order, there once it is fulfilled. Assumed: that without an activation
-- date one is active at once, and that what is depleted has ended.

local catalogue = require "esim.sandbox.catalogue"
local dates = require "esim.sandbox.dates"
local notices = require "esim.sandbox.notices"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"

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

-- Where the ids are listed of a SIM's, or of all.
local function list_of(iccid)
  return iccid and "subscriptions:" .. iccid or "subscriptions"
end

--- Those of a SIM, or all, that exist by now, oldest first.
function subscriptions.existing(iccid)
  local found, now = {}, ngx.now()
  for id in store.each(list_of(iccid)) do
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

--- Where a subscription stands.
-- @return { status, ends (or nil), initial, spent } (balances in bytes), the product
function subscriptions.account(one)
  local product, now = catalogue.find(one.product_id), ngx.now()
  local ends = one.ended or one.activation and one.activation + product.days * DAY
  local initial = product.gigabytes * GIGABYTE
  local spent = math.floor(initial * (one.share or 0))
  local status = ends and now >= ends and "EXPIRED" or not one.activation and "PENDING_USAGE"
    or now < one.activation and "PENDING" or spent >= initial and "DEPLETED" or "ACTIVE"
  return { status = status, ends = ends, initial = initial, spent = spent }, product
end

--- How many of a SIM's have not ended, those that are on their way included.
function subscriptions.count(iccid)
  local n = 0
  for id in store.each(list_of(iccid)) do
    local one = store.get("subscription:" .. id)
    local status = one and subscriptions.account(one).status or "EXPIRED"
    if status ~= "EXPIRED" and status ~= "DEPLETED" then
      n = n + 1
    end
  end
  return n
end

local function save(one)
  store.put("subscription:" .. one.id, one)
end

--- Activate a subscription now, unless it is active already.
function subscriptions.activate(one)
  if not one.activation or one.activation > ngx.now() then
    one.activation = ngx.now()
    save(one)
  end
end

local function tell(one, kind)
  local account = subscriptions.account(one)
  notices.send(one.iccid, kind, {
    subscription_id = one.id, expiration_date = account.ends and dates.text(account.ends),
    current_balance = account.initial - account.spent, threshold = kind == "USAGE_THRESHOLD" and THRESHOLD or nil,
  })
end

--- Tell of a SIM's oldest subscription.
function subscriptions.tell(iccid, kind)
  local one = subscriptions.existing(iccid)[1]
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
  save(one)
  if before < THRESHOLD / 100 and share >= THRESHOLD / 100 then
    tell(one, "USAGE_THRESHOLD")
  end
  if before < 1 and share == 1 then
    tell(one, "SUBSCRIPTION_END")
  end
  return true
end

--- Let a subscription expire now.
-- @return true | nil, message
function subscriptions.expire(id)
  local one = subscriptions.find(id)
  if not one then
    return nil, "There is no such subscription"
  end
  one.ended = ngx.now()
  save(one)
  tell(one, "SUBSCRIPTION_END")
  return true
end

return subscriptions

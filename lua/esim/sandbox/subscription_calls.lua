--- The calls about subscriptions. The fields are those of the provider's pages. Assumed: that `before` and `after`
-- leave out the very moment, and that an activation of what is active changes nothing.

local dates = require "esim.sandbox.dates"
local pages = require "esim.sandbox.pages"
local reply = require "esim.sandbox.reply"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local subscriptions = require "esim.sandbox.subscriptions"
local v2 = require "esim.sandbox.v2"

local ngx = ngx  -- luacheck: ignore

local calls = {}

local function in_v1(one)
  local account, product = subscriptions.account(one)
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
  local account, product = subscriptions.account(one)
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
function calls.of_sim(iccid)
  if not sims.find(iccid) then
    return sims.refuse()
  end
  reply.json(store.encode_list(all(subscriptions.existing(iccid), in_v1)))
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
  for _, one in ipairs(subscriptions.existing(want.iccid)) do
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
function calls.search()
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
function calls.search_v2()
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
  ngx.req.read_body()
  local one = subscriptions.find(id)
  if one then
    subscriptions.activate(one)
  end
  return look(id, show)
end

--- GET /v1/subscription/{id}
function calls.look(id)
  return look(id, in_v1)
end

--- GET /v2/subscriptions/{id}
function calls.look_v2(id)
  return look(id, in_v2)
end

--- POST /v1/subscription/{id}/activate
function calls.activate(id)
  return activate(id, in_v1)
end

--- POST /v2/subscriptions/{id}/activate
function calls.activate_v2(id)
  return activate(id, in_v2)
end

return calls

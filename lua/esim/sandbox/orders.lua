--- Orders: taken, fulfilled with time, looked at.

local checks = require "esim.sandbox.checks"
local faults = require "esim.sandbox.faults"
local journal = require "esim.sandbox.journal"
local limits = require "esim.sandbox.limits"
local reply = require "esim.sandbox.reply"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local subscriptions = require "esim.sandbox.subscriptions"

local ngx = ngx  -- luacheck: ignore

local orders = {}

local function product_ids(input)
  local ids = {}
  for i, item in ipairs(input.subscriptions) do
    ids[i] = item.product_id
  end
  return ids
end

local function new_output(input, plan)
  local settings = store.settings
  local iccid = store.luhn("894447" .. string.format("%012d", math.random(0, 999999999999)))
  if input.operationType ~= "NEW_ESIM" then
    return { iccid = input.esim.iccid, subscription_id = "s-" .. store.random_text(20) }
  end
  local id = ("%s%s-%s-%s"):format(settings.mark, store.random_text(2), store.random_text(5), store.random_text(6))
  local code = "LPA:1$rsp.truphone.com$" .. id
  local lpa = plan.malformed and "LPA:1$%rsp.truphone.com$%" .. id
    or plan.disagree and "LPA:1$rsp.example.com$" .. store.random_text(10) or code
  return {
    matchingId = id, iccid = iccid, smdpUrl = "rsp.truphone.com", lpa_url = lpa,
    qrcode_url = settings.url .. "/v1/qr/" .. code, subscription_id = "s-" .. store.random_text(20),
  }
end

local function counter(key)
  return function(name)
    return store.count("count:" .. key .. ":" .. name)
  end
end

-- `ready` is when the order is completed: its SIM and its subscriptions are there from that very moment on.
local function take(input, plan)
  local delay = math.max(tonumber(plan.slow) or store.settings.delay, 0.001)
  local order = {
    id = store.new_id(), taken = ngx.now(), ready = ngx.now() + delay, plan = plan, product_ids = product_ids(input),
    output = new_output(input, plan),
  }
  if not plan.failed then
    sims.keep(order, input)
    subscriptions.keep(order, input)
  end
  store.put("order:" .. order.id, order)
  journal.note_taken(ngx.var.http_x_correlation_id)
  return order
end

local function at_order(plan)
  return plan.at == "look" and {} or plan
end

-- Faults of the way the answer is given; `at=look` moves them to the looks.
local function manner(plan, here)
  return (plan.at or "order") == here and plan or {}
end

--- Take an order, or refuse it as it wants that, or because of what there is.
-- @param input  in the words of v1, checked
-- @param show   function(order) giving the body of the answer
function orders.accept(input, show)
  local status, kind, message = limits.refusal(input)
  local plan = faults.read(input.subscriptions)
  if not status then
    status, kind, message = faults.refusal(at_order(plan), counter(ngx.var.http_x_correlation_id))
  end
  if status then
    return reply.refuse(status, kind, message, { product_ids = product_ids(input) })
  elseif plan.cut == "early" and plan.at ~= "look" then
    return reply.nothing()
  end
  local order = take(input, plan)
  reply.json(show(order), manner(plan, "order"), order)
end

-- In the provider's own order of fields: half of it still holds the id.
local function accepted(order)
  return ('{"id":"%s","externalId":"%s","status":"ACCEPTED"}'):format(order.id, order.id)
end

--- POST /v1/order
function orders.place()
  ngx.req.read_body()
  local body = store.decode(ngx.req.get_body_data())
  local status, kind, message = checks.order(body)
  if status then
    return reply.refuse(status, kind, message)
  end
  return orders.accept(body.input, accepted)
end

local function status_of(order)
  local now = ngx.now()
  local share = (now - order.taken) / (order.ready - order.taken)
  if now >= order.ready then
    return order.plan.failed and "FAILED" or "COMPLETED"
  elseif share >= 0.6 and order.plan.unknown then
    return "POLISHING"
  elseif share >= 0.3 then
    return order.plan.fulfiling and "FULFILING" or "FULFILLING"
  end
  return "ACCEPTED"
end

--- Answer with an order, or as it wants its looks to be answered.
-- @param show  function(order, status) giving the body of the answer
function orders.show(id, show)
  local order = store.get("order:" .. id)
  if not order then
    return reply.refuse(404, "ORDER_NOT_FOUND", "There is no such order")
  end
  local plan = manner(order.plan, "look")
  local status, kind, message = faults.refusal(plan, counter(id))
  if status then
    return reply.refuse(status, kind, message, order)
  end
  reply.json(show(order, status_of(order)), plan, order)
end

local function in_v1(order, status)
  return store.encode {
    id = order.id, externalId = order.id, status = status, output = status == "COMPLETED" and order.output or nil,
  }
end

--- GET /v1/order/{id}
function orders.look(id)
  return orders.show(id, in_v1)
end

return orders

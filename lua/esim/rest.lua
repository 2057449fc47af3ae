--- The client's calls beside the order: products, SIMs, subscriptions, and what a lost answer left behind.

local call = require "esim.call"
local loop = require "esim.loop"
local product = require "esim.product"
local reconcile = require "esim.reconcile"
local sim = require "esim.sim"
local subscription = require "esim.subscription"

local rest = {}

local Rest = {}

local inner  -- of each client its service

--- What can be ordered: all of it, or with `page` in the query that page.
-- @param query    the provider's fields, as they are; `currency` goes under the client's `currency_parameter`; or nil
-- @param options  timeout (seconds, of each page), correlation_id, or nil
-- @return list of products, in the provider's own fields | nil, err
function Rest:products(query, options)
  query = call.query(query, nil, "client:products", 2)
  options = call.options(options, nil, "client:products", 2)
  loop.check("client:products")
  return product.list(inner[self], query, options)
end

--- One product.
-- @param id       opaque
-- @param options  currency, timeout (seconds), correlation_id, or nil
-- @return product, in the provider's own fields | nil, err
function Rest:product(id, options)
  call.identifier(id, "client:product", 2)
  options = call.options(options, { currency = "string" }, "client:product", 2)
  loop.check("client:product")
  return product.get(inner[self], id, { currency = options.currency }, options)
end

--- One SIM.
-- @param iccid    checked (ITU-T E.118)
-- @param options  timeout (seconds), correlation_id, check = false, or nil
-- @return sim with .iccid .status .eid (texts or nil) .raw | nil, err
function Rest:sim(iccid, options)
  call.identifier(iccid, "client:sim", 2)
  options = call.options(options, { check = "boolean" }, "client:sim", 2)
  loop.check("client:sim")
  return sim.get(inner[self], iccid, options)
end

--- One subscription.
-- @param id       opaque
-- @param options  timeout (seconds), correlation_id, or nil
-- @return subscription with .id .status .iccid .product_id .created (texts or nil) .raw | nil, err
function Rest:subscription(id, options)
  call.identifier(id, "client:subscription", 2)
  options = call.options(options, nil, "client:subscription", 2)
  loop.check("client:subscription")
  return subscription.get(inner[self], id, options)
end

--- Search subscriptions, for a `for` loop: `for subscription, err in client:subscriptions { email = … } do`.
-- @param query    iccid, email, product-id (or product_id), before, after (seconds since 1970 or ISO 8601), size, page
--   (to begin with)
-- @param options  timeout (seconds, of each page), correlation_id, or nil
-- @return iterator: each subscription; false, err where a page cannot be had, and nothing after that
function Rest:subscriptions(query, options)
  query = subscription.query(query, "client:subscriptions", 2)
  options = call.options(options, nil, "client:subscriptions", 2)
  local client = inner[self]
  return subscription.each(client, client.api:path "subscription", query, options, "client:subscriptions")
end

--- Look for what an order whose answer was lost has left behind. See esim.reconcile for what its verdict is worth.
-- @param what     the error that the order returned, or the input that it was given
-- @param options  after (with an input: when it was sent; seconds since 1970 or ISO 8601), before, skew (seconds, 300),
--   except (list of ids of subscriptions that are accounted for), timeout (seconds, of each request), correlation_id
-- @return { verdict, subscription, subscriptions, missing } | nil, err
function Rest:reconcile(what, options)
  options = call.options(options, reconcile.OPTIONS, "client:reconcile", 2)
  local search = reconcile.search(what, options, "client:reconcile", 2)
  loop.check("client:reconcile")
  return reconcile.run(inner[self], search, options)
end

--- Give a class of clients these calls.
-- @param Client    table of methods
-- @param services  table: of each client its service
function rest.extend(Client, services)
  inner = services
  for name, method in pairs(Rest) do
    Client[name] = method
  end
end

return rest

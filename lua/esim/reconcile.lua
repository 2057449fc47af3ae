--- What an order whose answer was lost may have left behind, as far as the subscription search can show.
-- The search lists the subscriptions of fulfilled orders only, and no order's id. So:
-- `placed`: there is just what this order would have made, and nothing else of the kind since it was sent, by the
--   provider's clock. It is this order's unless another one of the same customer and products was under way, or that
--   clock is fast and an older one looks younger: an email of its own for each attempt makes that sure.
-- `absent so far`: there is nothing yet. The order may still be fulfilled: look again later, and longer than an order
--   takes, before you order once more.
-- `ambiguous`: there is more or less than that, or something from just before it was sent, which may be its own by a
--   clock that is slow, or what the search was to leave out. A person decides.

local api = require "esim.api"
local err = require "esim.err"
local input = require "esim.input"
local paging = require "esim.paging"
local subscription = require "esim.subscription"

local reconcile = {}

reconcile.OPTIONS = {
  after = true, before = true, skew = "number", except = "table", timeout = "number", correlation_id = "string",
}

local SKEW = 300   -- seconds that the provider's clock may be slow
local MOST = 100   -- candidates for one product: with more it is ambiguous anyway

-- What names the same, however it is spelt: the provider may write it in its own way.
local function plain(email)
  return (email:lower():gsub("[^\33-\126]", ""))
end

local function bare(iccid)
  return (iccid:gsub("[Ff]$", ""))  -- some pad it
end

local function seconds(value, field, name, level)
  if value == nil or type(value) == "number" and value >= 0 and value < 1e11 then
    return value
  end
  local time = type(value) == "string" and input.time(value)
  if not time then
    error(name .. ": " .. field .. " must be seconds since 1970, or a time in UTC such as 2030-01-31T12:00:00Z",
      level + 1)
  end
  return time
end

local function product_ids(given)
  local ids = {}
  for i, item in ipairs(type(given.subscriptions) == "table" and given.subscriptions or {}) do
    ids[i] = type(item) == "table" and item.product_id or nil
  end
  return ids
end

--- What to look for after an order with this input.
-- @return { email, iccid, product_ids }
function reconcile.trace(given)
  local customer = type(given.customer) == "table" and given.customer or {}
  local esim = type(given.esim) == "table" and given.esim or {}
  local operation = given.operationType or esim.iccid ~= nil and "TOPUP" or "NEW_ESIM"  -- as client:topup takes it
  local is_new = operation == "NEW_ESIM"
  return { email = is_new and customer.email or nil, iccid = not is_new and esim.iccid or nil,
    product_ids = product_ids(given) }
end

local function counts(list)
  local wanted, names = {}, {}
  for _, id in ipairs(list) do
    if not wanted[id] then
      names[#names + 1] = id
    end
    wanted[id] = (wanted[id] or 0) + 1
  end
  return wanted, names
end

local function set_of(list)
  local set = {}
  for _, value in ipairs(list or {}) do
    set[value] = true
  end
  return set
end

local function is_text(value)
  return type(value) == "string" and value ~= ""
end

-- Whether an input without an operationType may be that of a new eSIM as well as a top-up's.
local function is_either(given)
  return type(given.customer) == "table" and given.customer.email ~= nil
    and type(given.esim) == "table" and given.esim.iccid ~= nil
end

--- What the search is for. Misuse raises.
-- @param what  error of an order, or its input
-- @return { email or iccid, wanted = product id -> how many, names, after, before (seconds since 1970), skew, except }
function reconcile.search(what, options, name, level)
  if type(what) ~= "table" then
    error(name .. ": an order's error or its input expected, got " .. type(what), level + 1)
  end
  local of_error = err.is(what)
  if not of_error and what.operationType == nil and is_either(what) then
    error(name .. ": operationType is required where there are both an email and an ICCID", level + 1)
  end
  local trace = of_error and what or reconcile.trace(what)
  local after = seconds(options.after, "after", name, level + 1)
  after = after == nil and of_error and what.sent_at or after
  if not (is_text(trace.email) or is_text(trace.iccid)) or #(trace.product_ids or {}) == 0 then
    error(name .. ": there is nothing to look for: no email or ICCID, or no product", level + 1)
  elseif after == nil then
    error(name .. ": after is required: when the order was sent", level + 1)
  elseif options.skew and not (options.skew >= 0 and options.skew < 1e9) then
    error(name .. ": skew must be at least 0 seconds", level + 1)
  end
  local wanted, names = counts(trace.product_ids)
  return {
    email = trace.iccid == nil and trace.email or nil, iccid = trace.iccid, wanted = wanted, names = names,
    after = after, before = seconds(options.before, "before", name, level + 1), skew = options.skew or SKEW,
    except = set_of(options.except),
  }
end

-- Whether what was found is somebody else's, as far as it says: a filter may have been ignored.
local function is_foreign(found, search)
  local email = api.email(found.raw)
  return search.except[found.id]
    or search.iccid and found.iccid and bare(found.iccid) ~= bare(search.iccid)
    or search.email and email and plain(email) ~= plain(search.email)
end

-- Whether it was made since `after`, and until `before`, as far as it says.
local function is_in_time(found, search, after)
  local created = found.created and input.time(found.created)
  return not created or created >= math.floor(after) and (search.before == nil or created <= search.before)
end

-- The subscriptions since `after` (seconds since 1970) that the search for a product shows, whatever their product:
-- list | nil, err.
local function find(client, search, product_id, after, options)
  local query = subscription.query({
    email = search.email, iccid = search.iccid, product_id = product_id, after = math.max(0, after),
    before = search.before,
  }, "client:reconcile", 2)
  local path, list = client.api:path "subscription", {}
  local step = subscription.pages(paging.walk, client, path, query, options, "client:reconcile")
  local found, e = step()
  while found and #list <= MOST do
    if not is_foreign(found, search) then
      list[#list + 1] = found
    end
    found, e = step()
  end
  if found == false then
    return nil, e
  end
  return list
end

-- Enter in `seen` what the search for a product shows by a clock that may be slow: one that is of another product is
-- an odd one, for the search was to leave it out. An entry that is told twice, as pages shift, is one.
local function enter(seen, search, product_id, list)
  seen.number[product_id] = 0
  for _, found in ipairs(list) do
    if found.product_id ~= nil and found.product_id ~= product_id then
      seen.odd[#seen.odd + 1] = is_in_time(found, search, search.after - search.skew) and found or nil
    elseif not seen.ids[found.id] then
      seen.ids[found.id], seen.all[#seen.all + 1] = true, found
      seen.number[product_id] = seen.number[product_id] + 1
    end
  end
end

-- What the search shows: `all` that fits, of which `sure` holds the ids that are surely not older than the order,
-- their `number` by product, and what is `odd`.
local function look(client, search, options)
  local seen = { all = {}, ids = {}, sure = {}, number = {}, odd = {} }
  for _, id in ipairs(search.names) do
    local list, e = find(client, search, id, search.after - search.skew, options)
    local certain = list
    if list and #list > 0 and search.skew > 0 then
      certain, e = find(client, search, id, search.after, options)
    end
    if not list or not certain then
      return nil, e
    end
    for _, found in ipairs(certain) do
      seen.sure[found.id] = is_in_time(found, search, search.after) or nil
    end
    enter(seen, search, id, list)
  end
  return seen
end

local function on_one_sim(list)
  local iccid
  for _, found in ipairs(list) do
    if found.iccid and iccid and found.iccid ~= iccid then
      return false
    end
    iccid = iccid or found.iccid
  end
  return true
end

local function is_just_that(search, found)
  for id, times in pairs(search.wanted) do
    if found.number[id] ~= times then
      return false
    end
  end
  for _, one in ipairs(found.all) do
    if not found.sure[one.id] then
      return false
    end
  end
  return on_one_sim(found.all)
end

local function missing(search, found)
  local list = {}
  for _, id in ipairs(search.names) do
    if found.number[id] < search.wanted[id] then
      list[#list + 1] = id
    end
  end
  return list
end

--- Look.
-- @param search  of reconcile.search
-- @return { verdict = "placed", "absent so far" or "ambiguous"; subscription: the first, where it is placed;
--   subscriptions: all that were found; missing: ids of products of which there are too few } | nil, err
function reconcile.run(client, search, options)
  local found, e = look(client, search, options)
  if not found then
    return nil, e
  end
  local shown = #found.all > 0 and found.all or found.odd
  local verdict = #shown == 0 and "absent so far" or is_just_that(search, found) and "placed" or "ambiguous"
  return {
    verdict = verdict, subscription = verdict == "placed" and shown[1] or nil, subscriptions = shown,
    missing = missing(search, found),
  }
end

return reconcile

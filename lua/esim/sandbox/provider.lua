--- The provider, as far as this module needs it; runs inside nginx on loopback. Who serves what:

local catalogue = require "esim.sandbox.catalogue"
local checks = require "esim.sandbox.checks"
local control = require "esim.sandbox.control"
local faults = require "esim.sandbox.faults"
local orders = require "esim.sandbox.orders"
local orders_v2 = require "esim.sandbox.orders_v2"
local picture = require "esim.sandbox.picture"
local preferences = require "esim.sandbox.preferences"
local reply = require "esim.sandbox.reply"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local subscriptions = require "esim.sandbox.subscriptions"
local switches = require "esim.sandbox.switches"
local tokens = require "esim.sandbox.tokens"

local ngx = ngx  -- luacheck: ignore

local provider = {}

-- method, pattern of the path, who serves it: is given what the pattern captures.
local ROUTES = {
  { "POST", "^/v1/order$", orders.place },
  { "GET", "^/v1/order/(.+)$", orders.look },
  { "GET", "^/v1/(products?)$", catalogue.list },
  { "GET", "^/v1/(products?)/([^/]+)/?$", catalogue.look },
  { "GET", "^/v1/sim/([^/]+)$", sims.look },
  { "PUT", "^/v1/sim/([^/]+)$", sims.change },
  { "GET", "^/v1/sim/([^/]+)/subscriptions$", subscriptions.of_sim },
  { "GET", "^/v1/sim/([^/]+)/preferences$", preferences.look },
  { "POST", "^/v1/sim/([^/]+)/preferences/notifications/([^/]+)$", preferences.add },
  { "PUT", "^/v1/sim/([^/]+)/preferences/notifications/([^/]+)$", preferences.add },
  { "DELETE", "^/v1/sim/([^/]+)/preferences/notifications/([^/]+)$", preferences.remove },
  { "GET", "^/v1/subscription$", subscriptions.search },
  { "GET", "^/v1/subscription/([^/]+)$", subscriptions.look },
  { "POST", "^/v1/subscription/([^/]+)/activate$", subscriptions.activate },
  { "POST", "^/v2/orders$", orders_v2.place },
  { "GET", "^/v2/orders/([^/]+)$", orders_v2.look },
  { "GET", "^/v2/sims/?$", sims.list_v2 },
  { "GET", "^/v2/sims/([^/]+)/?$", sims.look_v2 },
  { "GET", "^/v2/subscriptions/?$", subscriptions.search_v2 },
  { "GET", "^/v2/subscriptions/([^/]+)/?$", subscriptions.look_v2 },
  { "POST", "^/v2/subscriptions/([^/]+)/activate$", subscriptions.activate_v2 },
  { "GET", "^/v2/products$", catalogue.list_v2 },
  { "GET", "^/v2/products/([^/]+)$", catalogue.look_v2 },
}

-- Without credentials of an API call.
local OPEN = {
  { "GET", "^/v1/qr/(.+)$", picture.show },
  { "POST", "^" .. tokens.PATH:gsub("%-", "%%-") .. "$", function() return tokens.serve(ngx.ctx.plan or {}) end },
}

--- Begin a worker.
-- @param file  a JSON text of what sandbox.start was told
function provider.setup(file)
  local handle = assert(io.open(file))
  store.settings = assert(store.decode(handle:read("*a")))
  handle:close()
end

local function find(routes, method, path)
  for _, route in ipairs(routes) do
    local one, two = path:match(route[2])
    if one and route[1] == method then
      return route[3], one, two
    end
  end
end

-- What a fault that is switched on does before anybody looks at the request.
local function refused_early(plan, path)
  if plan.down or plan.cut == "early" then
    reply.nothing()
    return true
  elseif not tonumber(plan.status) then
    return false
  end
  faults.hang(plan)
  faults.retry_after(plan)
  if plan.html then              -- as a gateway says it
    reply.page(tonumber(plan.status), plan)
  elseif path == tokens.PATH then
    tokens.refuse(tonumber(plan.status))
  else
    reply.refuse(faults.told(plan))
  end
  return true
end

local function serve_api(method, path)
  local serve, capture = find(OPEN, method, path)
  if serve then
    return serve(capture)
  end
  local one, two
  serve, one, two = find(ROUTES, method, path)
  if not serve then
    return reply.refuse(404, "NOT_FOUND", "There is nothing here")
  end
  local status, kind, message = checks.headers(ngx.req.get_headers(), tokens.accepts)
  if status then
    return reply.refuse(status, kind, message)
  end
  return serve(one, two)
end

--- Serve one request.
function provider.serve()
  local method, path = ngx.req.get_method(), ngx.var.uri
  if path:find("^/sandbox/") then
    return control.serve(method, path:sub(#"/sandbox/" + 1))
  end
  if path == tokens.PATH then
    ngx.ctx.secret = true
    store.count("token_requests")
  end
  local plan = switches.due(method, path)
  ngx.ctx.plan = plan
  if plan and refused_early(plan, path) then
    return
  end
  return serve_api(method, path)
end

return provider

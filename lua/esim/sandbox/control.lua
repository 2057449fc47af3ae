--- The sandbox's own calls, below /sandbox/: they move what the provider would move, and need no token.

local journal = require "esim.sandbox.journal"
local notices = require "esim.sandbox.notices"
local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local subscriptions = require "esim.sandbox.subscriptions"
local switches = require "esim.sandbox.switches"
local tokens = require "esim.sandbox.tokens"

local ngx = ngx  -- luacheck: ignore

local control = {}

local calls = {}

local function done()
  return ngx.exit(204)
end

local function refuse(status, message)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print(store.encode { type = "SANDBOX", messages = { message } })
end

calls["GET log"] = journal.show

calls["DELETE log"] = function()
  store.forget_all()
  return done()
end

calls["POST token"] = function()
  switches.set(tokens.PATH, ngx.var.args or "")
  return done()
end

calls["POST expire"] = function()
  tokens.expire()
  return done()
end

calls["POST fault"] = function()
  local path = ngx.unescape_uri(ngx.var.arg_path or "")
  if path == "" then
    return refuse(400, "path is required")
  end
  switches.set(path, ngx.var.args)
  return done()
end

calls["DELETE fault"] = function()
  switches.clear()
  return done()
end

-- POST /sandbox/sim/{iccid}?status=…
calls["POST sim"] = function(iccid)
  local moved, message = sims.move(iccid, ngx.unescape_uri(ngx.var.arg_status or ""))
  if not moved then
    return refuse(400, message)
  end
  return done()
end

-- POST /sandbox/subscription/{id}?spent=…
calls["POST subscription"] = function(id)
  local spent, message = subscriptions.spend(id, tonumber(ngx.var.arg_spent))
  if not spent then
    return refuse(400, message)
  end
  return done()
end

-- POST /sandbox/notify/{iccid}/{type}
calls["POST notify"] = function(rest)
  local iccid, kind = rest:match("^([^/]+)/([^/]+)$")
  local sim = iccid and sims.find(iccid)
  if not sim or not notices.is_kind(kind) then
    return refuse(400, sim and "There is no such notification" or "There is no such SIM")
  elseif kind == "DOWNLOAD_PROGRESS" then
    sims.tell(sim)
  else
    subscriptions.tell(iccid, kind)
  end
  return done()
end

--- Serve one call.
-- @param path  what follows /sandbox/
function control.serve(method, path)
  local name, rest = path:match("^([^/]*)/?(.*)$")
  local call = calls[method .. " " .. name]
  if not call then
    return refuse(404, "There is no such call")
  end
  return call(rest)
end

return control

--- The token end point: OAuth 2.0 client credentials (RFC 6749 section 4.4), and what a token is worth.
-- Issued tokens are in a dictionary of their own, `esim_tokens`, which forgets each after its lifetime.

local journal = require "esim.sandbox.journal"
local reply = require "esim.sandbox.reply"
local store = require "esim.sandbox.store"

local ngx = ngx  -- luacheck: ignore

local tokens = {}

local issued = ngx.shared.esim_tokens

tokens.PATH = "/auth/realms/tru-staff/protocol/openid-connect/token"

--- Whether a header lets its sender in: the fixed token does for ever, an issued one until it ends.
function tokens.accepts(authorization)
  local token = type(authorization) == "string" and authorization:match("^Bearer (.+)$")
  return token and (token == store.settings.token or issued:get(token) ~= nil)
end

--- End all tokens that were issued so far.
function tokens.expire()
  issued:flush_all()
end

-- RFC 6749 section 5.2.
local function refuse(status, code, description)
  journal.note(status)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.header["Cache-Control"] = "no-store"
  ngx.print(store.encode { error = code, error_description = description })
end

local function refuse_client(challenge)
  if challenge then
    ngx.header["WWW-Authenticate"] = 'Basic realm="tru-staff"'
  end
  return refuse(401, "invalid_client", "Invalid client or Invalid client credentials")
end

-- Appendix B: application/x-www-form-urlencoded.
local function form_decoded(text)
  return (text:gsub("%+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- Section 2.3.1: each of the two is form-urlencoded first.
local function basic_credentials(header)
  local id, secret = (ngx.decode_base64(header:match("^[Bb]asic (%S+)$") or "") or ""):match("^([^:]*):(.*)$")
  if id then
    return form_decoded(id), form_decoded(secret)
  end
end

-- A parameter must not come twice; get_post_args makes a table of those, and true of one without a value.
local function is_sound(form)
  for _, value in pairs(form) do
    if type(value) ~= "string" then
      return false
    end
  end
  return true
end

-- What is wrong with a request before its client is known.
local function fault_of(form, header)
  if not (ngx.var.http_content_type or ""):find("^application/x%-www%-form%-urlencoded") then
    return "Content-Type must be application/x-www-form-urlencoded"
  elseif not is_sound(form) then
    return "A parameter is there twice, or has no value"
  elseif not form.grant_type then
    return "Missing form parameter: grant_type"
  elseif header and form.client_secret then
    return "The client authenticates in two ways at once"
  end
end

local function is_client(form, header)
  local settings, id, secret = store.settings, form.client_id, form.client_secret
  if header then
    id, secret = basic_credentials(header)
  end
  local style = header and "basic" or "body"
  return (settings.style or style) == style and id == settings.client_id and secret == settings.client_secret
end

-- Each scope that is required must be among those asked for.
local function has_scope(form)
  local asked = " " .. (form.scope or "") .. " "
  for scope in (store.settings.scope or ""):gmatch("%S+") do
    if not asked:find(" " .. scope .. " ", 1, true) then
      return false
    end
  end
  return true
end

local function issue(form, plan)
  local settings = store.settings
  local token = settings.mark .. store.random_text(40)
  issued:set(token, true, settings.lifetime)
  store.count("tokens")
  local answer = {
    access_token = token, token_type = "Bearer", expires_in = settings.lifetime, scope = form.scope,
  }
  if plan["no-expiry"] then
    answer.expires_in = nil
  end
  if plan["wrong-type"] == "token" then
    answer.access_token = 42
  elseif plan["wrong-type"] then
    answer.token_type = "mac"
  end
  ngx.header["Cache-Control"] = "no-store"
  reply.json(store.encode(answer), plan)
end

local KINDS = { [400] = "invalid_request", [401] = "invalid_client", [403] = "unauthorized_client" }

--- Refuse as a fault wants it.
function tokens.refuse(status)
  return refuse(status, KINDS[status] or status == 503 and "temporarily_unavailable" or "server_error",
    "The sandbox was told to refuse")
end

--- POST …/token
function tokens.serve(plan)
  ngx.req.read_body()
  local form, header = ngx.req.get_post_args(), ngx.var.http_authorization
  local wrong = fault_of(form, header)
  if wrong then
    return refuse(400, "invalid_request", wrong)
  elseif not is_client(form, header) then
    return refuse_client(header or not form.client_secret or store.settings.style == "basic")
  elseif form.grant_type ~= "client_credentials" then
    return refuse(400, "unsupported_grant_type", "Unsupported grant_type")
  elseif not has_scope(form) then
    return refuse(400, "invalid_scope", "Invalid scopes: " .. (form.scope or ""))
  end
  return issue(form, plan)
end

return tokens

--- A client's credentials as a source of tokens: asks the token end point, or finds what another process asked for.

local err = require "esim.err"
local log = require "esim.log"
local loop = require "esim.loop"
local misuse = require "esim.misuse"
local native = require "esim.native"
local oauth = require "esim.auth.oauth"
local shared = require "esim.auth.shared"

local credentials = {}

credentials.TOKEN_URL = "https://services.truphone.com/auth/realms/tru-staff/protocol/openid-connect/token"

local PROVIDER = "^https://services%.truphone%.com/"
local TIMEOUT = 10  -- seconds for one request of a token, or the client's `timeout` where that is less
local HELD = 2      -- seconds more that it may be held for what the end point asked for
local SIGN = 5      -- seconds more after which nobody waits for it any more
local NAME = "esim.client: credentials"

local TYPES = {
  client_id = "string", client_secret = "string", client_secret_file = "string", token_url = "string",
  scope = "string", style = "string", shared = "string",
}

local Credentials = {}
Credentials.__index = Credentials

function Credentials.__tostring()
  return "esim.credentials"
end

local inner = setmetatable({}, { __mode = "k" })

local function check(own, url, level)
  local function wrong(message)
    error(NAME .. message, level + 3)
  end
  if not own.client_id or own.client_id == "" then
    wrong(": client_id is required")
  elseif (own.client_secret == nil) == (own.client_secret_file == nil) then
    wrong(": either client_secret or client_secret_file is required")
  elseif own.client_secret == "" then
    wrong(": client_secret is empty")
  elseif own.style ~= nil and own.style ~= "body" and own.style ~= "basic" then
    wrong(": style must be body or basic")
  elseif not own.token_url and not url:find(PROVIDER) then
    wrong(": token_url is required with a url that is not the provider's")  -- it must not get a secret of another's
  elseif own.shared and not loop.store(own.shared) then
    wrong(": shared must name a lua_shared_dict of nginx")
  end
end

local function invalid(message)
  return nil, err.new("invalid", { field = "credentials.token_url", message = message })
end

--- @param given   client_id; client_secret, or client_secret_file (read each time that a token is asked for, its last
--   line end left out); token_url (default: the provider's); scope; style "body" (default) or "basic";
--   shared: the name of a lua_shared_dict, through which nginx's workers use one token
-- @param client  options of the client: url, timeout, ca_file, client_cert, client_key, allow_http, records
-- @param level   as for `error`
-- @return source for auth.new | nil, err of kind `invalid`
function credentials.new(given, client, level)
  local own = misuse.gather(given, TYPES, NAME, level + 1)
  check(own, client.url, level)
  local url = own.token_url or credentials.TOKEN_URL
  local base, target = url:match("^(%a+://[^/?#]+)(/[^#]*)$")
  if not base then
    return invalid("must be a whole URL with a path")
  end
  local account, fault = native.account {
    url = base, connections = 1, timeout = math.min(client.timeout or TIMEOUT, TIMEOUT), ca_file = client.ca_file,
    client_cert = client.client_cert, client_key = client.client_key, allow_http = client.allow_http,
    records = client.records,
  }
  if not account then
    return invalid(native.faults[fault] .. ": https, or http to this machine, without user")
  end
  local self = setmetatable({}, Credentials)
  inner[self] = {
    own = own, account = account, target = target, tag = client.tag,
    pool = own.shared and shared.new(loop.store(own.shared), url, own.client_id, own.scope) or nil,
  }
  return self
end

local function read_secret(name)
  local file, reason = io.open(name, "rb")
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  text = text and text:gsub("\r?\n$", "")
  if not text or text == "" then
    return nil, err.new("unauthorised", {
      message = "client_secret_file cannot be read: " .. (reason or name .. ": it is empty"),
    })
  end
  return text
end

-- Add the secrets to a list of what must not be told.
function Credentials:secrets(list)
  for _, text in ipairs(inner[self].spellings or {}) do
    list[#list + 1] = text
  end
  return list
end

-- Ask the token end point, once.
local function ask(mine, seconds, want)
  local own, asked = mine.own, native.clock()
  local secret, e = own.client_secret, nil
  if own.client_secret_file then
    secret, e = read_secret(own.client_secret_file)
  end
  if not secret then
    return nil, e
  end
  mine.spellings = oauth.spellings(own.client_id, secret)
  local spec = oauth.request {
    client_id = own.client_id, client_secret = secret, scope = own.scope, style = own.style or "body",
  }
  spec.target, spec.deadline, spec.tag = mine.target, math.min(seconds, TIMEOUT + HELD), mine.tag
  local pending, fault = loop.submit("request", mine.account, spec, want.gone)
  local got = { sent = false }
  if pending then
    want.pending, want.ends = pending, asked + TIMEOUT + HELD + SIGN
    fault, got = loop.await(pending)
    want.pending = nil
  end
  local token, life, again = oauth.read(fault, got, mine.spellings)
  return token, life, token and native.clock() - asked or again
end

--- A token.
-- @param want  refused: a token that must not be handed out again, or nil; seconds until it must be there; log, or nil;
--   `over`: it is to end; `gone`: called where our coroutine is no more, or nil. Told while we wait: `pending`, which
--   ends it where it is cancelled; `ends`: when we are back
-- @return token, lifetime and age in seconds | nil, err, seconds before it may be tried again (nil: it is final)
function Credentials:fetch(want)
  local mine = inner[self]
  if mine.pool then
    return mine.pool:fetch(want, function(seconds)
      return log.token(want.log, ask, mine, seconds, want)
    end)
  end
  return log.token(want.log, ask, mine, want.seconds, want)
end

return credentials

--- A token of the client credentials grant (RFC 6749 section 4.4): the request, and what its answer means.

local err = require "esim.err"
local json = require "esim.json"
local native = require "esim.native"
local percent = require "esim.percent"

local oauth = {}

local LENGTH_MAX = 8192  -- characters of a token: more than any header may hold

--- How the client's secret may stand in a request, or in what a server repeats of it: what must not be told.
function oauth.spellings(id, secret)
  local encoded = percent.encode(secret)
  local lower = encoded:gsub("%%%x%x", string.lower)
  local list = { secret, native.base64(percent.encode(id) .. ":" .. encoded), native.base64(id .. ":" .. secret) }
  for _, text in ipairs { encoded, lower } do
    list[#list + 1] = text
    list[#list + 1] = (text:gsub("%%20", "+"))
  end
  return list
end

--- The request.
-- @param client  client_id, client_secret, scope or nil, style "body" or "basic" (RFC 6749 section 2.3.1)
-- @return spec for the core, without target and deadline
function oauth.request(client)
  local fields = { grant_type = "client_credentials", scope = client.scope }
  local headers = { "Accept: application/json", "Content-Type: application/x-www-form-urlencoded" }
  if client.style == "basic" then
    headers[3] = "Authorization: Basic "
      .. native.base64(percent.encode(client.client_id) .. ":" .. percent.encode(client.client_secret))
  else
    fields.client_id, fields.client_secret = client.client_id, client.client_secret
  end
  return { method = "POST", headers = headers, body = percent.form(fields) }
end

local function is_passing(http)
  return http >= 500 or http == 408 or http == 425 or http == 429
end

-- RFC 6749 section 5.2, or a gateway in between. What OAuth says of credentials is final.
local function refusal(got, body, secrets)
  local said = type(body.error) == "string" and err.redact(body.error, secrets) or nil
  local why = type(body.error_description) == "string" and err.redact(body.error_description, secrets) or nil
  local fields = {
    http = got.http, type = said, messages = { why }, retry_after = got.retry_after,
    message = "the token end point refused",
  }
  if is_passing(got.http) then
    return nil, err.new("unavailable", fields), got.retry_after or 0
  end
  return nil, err.new("unauthorised", fields)
end

local function unusable(what)
  return nil, err.new("unavailable", { message = "the token end point's answer " .. what }), 0
end

-- `expires_in` is a number of seconds; some servers write it as a text. Without one nothing is known.
local function lifetime_of(body)
  local seconds = tonumber(body.expires_in)
  return seconds and seconds > 0 and seconds < 1e9 and seconds or nil
end

--- What the exchange brought.
-- @param fault    word or nil
-- @param got      answer of the core
-- @param secrets  list of strings that must not be told
-- @return token, lifetime in seconds or nil | nil, err, seconds before it may be tried again (nil: it is final)
function oauth.read(fault, got, secrets)
  if fault then
    local detail = got.detail and " (" .. err.redact(got.detail, secrets) .. ")" or ""
    return nil, err.new("unavailable", {
      message = "the token end point: " .. (native.faults[fault] or fault) .. detail,
    }), 0
  end
  local body, reason = json.decode(got.body or "")
  if got.http >= 400 then
    return refusal(got, type(body) == "table" and body or {}, secrets)
  elseif got.http >= 300 then
    return unusable("redirects, which is never followed")
  elseif type(body) ~= "table" then
    return unusable(body == nil and reason or "is no object")
  end
  local token, kind = body.access_token, body.token_type
  if type(token) ~= "string" or token == "" or #token > LENGTH_MAX or token:find("[%c ]") then
    return unusable("holds no access_token")
  elseif kind ~= nil and not (type(kind) == "string" and kind:lower() == "bearer") then
    return unusable("is of a token_type that is not Bearer")
  end
  return token, lifetime_of(body)
end

return oauth

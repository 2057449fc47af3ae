--- Errors: tables with a `kind`, that read as one sentence.
-- Nothing that the provider says gets in without being cleared of secrets.

local misuse = require "esim.misuse"

local err = {}

local KINDS = {
  invalid = "the input is not valid", not_sent = "the request never reached the provider",
  unknown = "it may have reached the provider, its answer is lost",
  unauthorised = "the provider does not accept the credentials", refused = "the provider refused",
  throttled = "the provider asks to wait", unavailable = "the provider cannot be reached",
  answer = "the provider's answer cannot be used", failed = "the order failed",
  timeout = "the order was not completed in time", cancelled = "the wait was cancelled",
}

-- Fields of an order's answer that are secrets, in both of the provider's spellings.
local SECRET = {
  matchingid = true, matching_id = true, lpa_url = true, _lpa = true, lpa = true, lpaurl = true,
  qrcode_url = true, _qrcode = true, qrcodeurl = true, qr_code = true, activation_code = true, activationcode = true,
  access_token = true, accesstoken = true, refresh_token = true, refreshtoken = true, token = true,
  client_secret = true, clientsecret = true, authorization = true, confirmation_code = true, confirmationcode = true,
}
local TELLING = 6  -- characters from which such a field's text is looked for in the other fields too

local HIDDEN = "[redacted]"

--- Clear a text of activation codes and tokens.
-- @param text     string
-- @param secrets  list of strings that must not appear, or nil
-- @return string
function err.redact(text, secrets)
  for _, secret in ipairs(secrets or {}) do
    if #secret > 0 then
      text = text:gsub(secret:gsub("%p", "%%%0"), HIDDEN)
    end
  end
  text = text:gsub("[Ll][Pp][Aa]:[^%s\"'<>,]*", HIDDEN)
  text = text:gsub("[Ll][Pp][Aa]%%%x[^%s\"'<>,]*", HIDDEN)                -- percent-encoded, perhaps twice
  text = text:gsub("1%$[%w.:%-]*%$[^%s\"'<>,]*", HIDDEN)                 -- without LPA:
  text = text:gsub("1%%2?5?24[%w.:%%%-]*%%2?5?24[^%s\"'<>,]*", HIDDEN)
  text = text:gsub("%f[%w]1%$[^%s\"'<>,]*", HIDDEN)
  text = text:gsub("([Bb][Ee][Aa][Rr][Ee][Rr]%s+)[^%s\"',]+", "%1" .. HIDDEN)
  return text
end

local function is_secret(key)
  return type(key) == "string" and SECRET[key:lower()]
end

local function gather(value, list)
  for key, inner in pairs(value) do
    if type(inner) == "table" then
      gather(inner, list)
    elseif is_secret(key) and type(inner) == "string" and #inner >= TELLING then
      list[#list + 1] = inner
    end
  end
  return list
end

--- What must not appear in what is kept of a body: `secrets`, and what stands in its secret fields,
-- for the provider may repeat a matching id in a sentence.
-- @param body     table
-- @param secrets  list of strings, or nil
-- @return list of strings
function err.secrets(body, secrets)
  local list = gather(body, {})
  for _, secret in ipairs(secrets or {}) do
    list[#list + 1] = secret
  end
  return list
end

local function scrub(value, secrets)
  if type(value) == "string" then
    return err.redact(value, secrets)
  elseif type(value) ~= "table" then
    return value
  end
  local copy = {}
  for key, inner in pairs(value) do
    local name = type(key) == "string" and err.redact(key, secrets) or key
    copy[name] = is_secret(key) and inner ~= "" and HIDDEN or scrub(inner, secrets)
  end
  return copy
end

--- A copy of what the provider said, without its secrets.
-- @param value    anything that JSON can hold
-- @param secrets  list of strings that must not appear, or nil
-- @return the copy
function err.scrub(value, secrets)
  return scrub(value, type(value) == "table" and err.secrets(value, secrets) or secrets)
end

local function sentence(e)
  local parts = { "esim: ", KINDS[e.kind] }
  if e.field then
    parts[#parts + 1] = ": " .. e.field
  end
  if e.message then
    parts[#parts + 1] = (e.field and " " or ": ") .. e.message
  end
  if e.http then
    parts[#parts + 1] = " (HTTP " .. e.http .. (e.type and " " .. e.type or "") .. ")"
  end
  if e.messages and #e.messages > 0 then
    parts[#parts + 1] = ": " .. table.concat(e.messages, "; ")
  end
  if e.retry_after then
    parts[#parts + 1] = string.format("; retry after %g s", e.retry_after)
  end
  if e.order_id then
    parts[#parts + 1] = "; order " .. err.redact(e.order_id)
  end
  if e.correlation_id then
    parts[#parts + 1] = "; correlation id " .. e.correlation_id
  end
  return (table.concat(parts):gsub("%c+", " "))  -- what the provider said may span lines
end

local Error = { __tostring = sentence }
Error.__index = Error

function Error.__concat(a, b)
  return tostring(a) .. tostring(b)
end

--- Make an error.
-- @param kind    one of those in README.md
-- @param fields  another error, of which it is a copy; or a table, which becomes one: message, field, http, type,
--                messages, correlation_id, order_id, email, iccid, product_ids, sent_at (seconds since 1970),
--                retry_after (seconds), history, raw; or nil
-- @return the error
function err.new(kind, fields)
  assert(KINDS[kind], kind)
  local e = fields or {}
  if err.is(e) then
    e = misuse.copy(e)
  end
  e.kind = kind
  return setmetatable(e, Error)
end

--- Whether `value` is an error of ours.
function err.is(value)
  return getmetatable(value) == Error
end

return err

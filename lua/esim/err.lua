--- What a call that failed returns beside nil: a table that reads as one sentence.
--
-- Fields: `kind`, `message`, and where they are known `field`, `http` (status), `type` and `messages` (the provider's),
-- `correlation_id`, `order_id`, `email`, `retry_after` (seconds), `history`, `raw`. None holds a secret: what comes from
-- the provider goes through redact() or scrub() first.

local err = {}

local MASK = "[redacted]"
local MESSAGES, MESSAGE_LENGTH = 10, 400

local meta = {}

--- One sentence: what happened, and by which ids it can be found again.
function meta.__tostring(self)
  local ids = {}
  if self.order_id then ids[#ids + 1] = "order " .. self.order_id end
  if self.correlation_id then ids[#ids + 1] = "correlation id " .. self.correlation_id end
  if #ids == 0 then return self.message end
  return ("%s (%s)"):format(self.message, table.concat(ids, ", "))
end

function meta.__concat(left, right)
  return tostring(left) .. tostring(right)
end

--- An error value.
-- @tparam string kind one of invalid, not_sent, unknown, unauthorised, refused, throttled, unavailable, answer, failed,
-- timeout, cancelled
-- @tparam table fields becomes the error; `message` is required
-- @treturn table
function err.new(kind, fields)
  fields.kind = kind
  return setmetatable(fields, meta)
end

--- Whether `value` was made by err.new().
function err.is(value)
  return getmetatable(value) == meta
end

-- Patterns of what is secret wherever it stands.
local SECRETS = {
  "https?://[^%s\"'<>]*[qQ][rR][cC]ode[^%s\"'<>]*",   -- a picture of the code
  "[lL][pP][aA]:[^%s\"'<>]*",                         -- an activation code, SGP.22 section 4.1
  "[lL][pP][aA]%%3[aA][^%s\"'<>]*",
  "1%$[^%s\"'<>$]*%$[^%s\"'<>]*",
  "1%%24[^%s\"'<>]*%%24[^%s\"'<>]*",
  "eyJ[%w_-]+%.[%w_-]+%.?[%w_-]*",                    -- a JSON web token
}

local function literal(text)
  return (text:gsub("%p", "%%%0"))
end

-- Upper-case letters and digits in at least three groups: the form of a matching id.
local function mask_matching_id(word)
  local groups = select(2, word:gsub("%-", "")) + 1
  if groups >= 3 and #word >= 10 and word:find("%u") then return MASK end
end

--- Masks what must not be shown: tokens, activation codes, matching ids, links to a QR code.
-- @tparam string text of the provider's, or of whoever else may quote it
-- @tparam[opt] table secrets list of strings to mask wherever they stand
-- @treturn string
function err.redact(text, secrets)
  for _, secret in ipairs(secrets or {}) do
    if #secret > 3 then text = text:gsub(literal(secret), MASK) end
  end
  for _, pattern in ipairs(SECRETS) do
    text = text:gsub(pattern, MASK)
  end
  text = text:gsub("([bB][eE][aA][rR][eE][rR]%s+)[^%s\"',;]+", "%1" .. MASK)
  text = text:gsub("([bB][aA][sS][iI][cC]%s+)[%w+/]+=*", "%1" .. MASK)
  text = text:gsub("([%w_]*[tT][oO][kK][eE][nN]=)[^%s&\"']+", "%1" .. MASK)
  text = text:gsub("([sS][eE][cC][rR][eE][tT]=)[^%s&\"']+", "%1" .. MASK)
  return (text:gsub("[%u%d][%u%d-]+", mask_matching_id))
end

-- Names of fields whose value is secret, without case and punctuation.
local SECRET_FIELDS = {
  matchingid = true, lpaurl = true, lpa = true, qrcodeurl = true, qrcode = true, activationcode = true,
  confirmationcode = true, token = true, accesstoken = true, refreshtoken = true, idtoken = true,
  clientsecret = true, authorization = true, carddata = true, acstring = true, password = true,
}

local function is_secret_field(key)
  return type(key) == "string" and SECRET_FIELDS[key:lower():gsub("[^%w]", "")]
end

--- A deep copy of a decoded body without what is secret in it.
-- @param value anything that JSON can hold
-- @tparam[opt] table secrets as in redact()
function err.scrub(value, secrets)
  if type(value) == "string" then return err.redact(value, secrets) end
  if type(value) ~= "table" then return value end
  local copy = {}
  for key, item in pairs(value) do
    if not is_secret_field(key) then
      copy[type(key) == "string" and err.redact(key, secrets) or key] = err.scrub(item, secrets)
    end
  end
  return copy
end

--- Text of another's for one line of ours: redacted, without control characters, not longer than 400 bytes.
-- @tparam string text
-- @tparam[opt] table secrets as in redact()
-- @treturn string
function err.quote(text, secrets)
  text = err.redact(text, secrets):gsub("%c+", " ")
  if #text > MESSAGE_LENGTH then
    text = text:sub(1, MESSAGE_LENGTH):gsub("[\192-\255]?[\128-\191]*$", "") .. "…"  -- no half UTF-8 character
  end
  return text
end

--- The provider's `{"type", "messages"}`, fit to be shown; anything else gives nothing.
-- @param body the decoded body of an answer
-- @tparam[opt] table secrets as in redact()
-- @treturn ?string type
-- @treturn table messages, perhaps empty
function err.provider(body, secrets)
  local messages = {}
  if type(body) ~= "table" then return nil, messages end
  local list = type(body.messages) == "table" and body.messages or { body.messages or body.message }
  for _, message in ipairs(list) do
    if type(message) == "string" and #messages < MESSAGES then
      messages[#messages + 1] = err.quote(message, secrets)
    end
  end
  return type(body.type) == "string" and err.quote(body.type, secrets) or nil, messages
end

return err

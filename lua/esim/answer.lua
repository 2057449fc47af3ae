--- From an exchange to what it means: a body to use, or an error of the right kind.

local err = require "esim.err"
local json = require "esim.json"
local native = require "esim.native"

local answer = {}

local function list_of_texts(messages, secrets)
  local list = {}
  for _, message in ipairs(type(messages) == "table" and messages or { messages }) do
    if type(message) == "string" then
      list[#list + 1] = err.redact(message, secrets)
    end
  end
  return list
end

local function details(fault, got, context)
  local fields = {
    http = got.http, retry_after = got.retry_after, correlation_id = context.correlation_id,
    order_id = context.order_id, email = context.email,
  }
  for name, value in pairs(context.trace or {}) do
    fields[name] = value
  end
  if fault then
    local detail = got.detail and " (" .. err.redact(got.detail, context.secrets) .. ")" or ""
    fields.message = (native.faults[fault] or fault) .. detail
  end
  local body = got.body and json.decode(got.body)
  if type(body) == "table" then
    local secrets = err.secrets(body, context.secrets)
    fields.type = type(body.type) == "string" and err.redact(body.type, secrets) or nil
    fields.messages = list_of_texts(body.messages, secrets)
    fields.raw = err.scrub(body, context.secrets)
  end
  return fields
end

local function kind_of_status(http, is_order)
  if http == 401 or http == 403 then
    return "unauthorised"
  elseif http == 429 or (http == 503 and not is_order) then
    return "throttled"
  elseif http >= 500 then
    return is_order and "unknown" or "unavailable"
  elseif http == 408 or http == 425 then
    return is_order and "unknown" or "unavailable"
  elseif http >= 400 then
    return "refused"
  end
  return "answer"
end

-- What the core does not take, and the field of an order's that is to blame.
local MALFORMED = { url = "url", header = "correlation_id", oversize = "input" }

local function kind_of_order_fault(fault, got)
  if MALFORMED[fault] then
    return "invalid"
  elseif got.http and got.http >= 200 then  -- a 1xx is no answer yet
    return kind_of_status(got.http, true)
  elseif not got.sent then
    return "not_sent"
  end
  return "unknown"
end

local function kind_of_look_fault(fault, got)
  if fault == "deadline" and not got.http and not got.last then
    return "timeout"
  elseif fault == "cancelled" then
    return "cancelled"
  elseif MALFORMED[fault] then
    return "invalid"
  elseif fault == "large" then
    return "answer"
  elseif fault == "deadline" and got.http then
    return kind_of_status(got.http, false)
  end
  return "unavailable"
end

--- Whether an exchange brought a 2xx.
function answer.is_good(fault, got)
  if fault or got.stale then
    return false
  end
  local http = got.http
  return http >= 200 and http < 300
end

--- The error of an exchange, or nil when it brought a 2xx.
-- @param fault    word or nil
-- @param got      answer of the core
-- @param context  correlation_id, order_id, email, secrets; `is_order`: a repetition may cost money; `once`: it may do
--   other harm; trace: what an order's error is to carry for esim.reconcile
function answer.error(fault, got, context)
  if answer.is_good(fault, got) then
    return nil
  end
  local kind
  local once = context.is_order or context.once
  if got.stale then
    fault = "cancelled"  -- it was not sent, and who was to see to its token is gone
  end
  if fault then
    kind = (once and kind_of_order_fault or kind_of_look_fault)(fault, got)
  else
    kind = kind_of_status(got.http, once)
  end
  local fields = details(fault, got, context)
  if context.is_order or fault ~= "oversize" then  -- of another call it may be anything
    fields.field = MALFORMED[fault]
  end
  if kind == "answer" and got.http and math.floor(got.http / 100) == 3 then
    fields.message = "it redirects, which is never followed"
  end
  if kind == "answer" and context.is_order then
    fields.order_id = answer.find_id(got.body, context.secrets)
  end
  return err.new(kind, fields)
end

--- What looks like the order's id in a body that cannot be read.
-- @param body     string or nil
-- @param secrets  list of strings that an id must not hold, or nil
-- @return id | nil
function answer.find_id(body, secrets)
  local id = body and body:match('"id"%s*:%s*"([^"%c%s\\]+)"')
  return id and err.redact(id, secrets) == id and id or nil
end

--- The error of a 2xx about an order that cannot be used.
-- @param message  what is wrong with it
-- @param kind     its type, as the provider named it, or nil
-- @return err of kind `answer`
function answer.unusable(message, kind, got, context)
  local fields = details(nil, got, context)
  fields.message = message .. (kind and " (" .. err.redact(kind, context.secrets) .. ")" or "")
  fields.order_id = context.order_id or answer.find_id(got.body, context.secrets)
  return err.new("answer", fields)
end

--- The body of a 2xx about an order.
-- @param id  of the order, or nil: it is new
-- @return table with `id` and `status` | nil, what is wrong with it, and the type of what is no JSON
function answer.body(got, id)
  local body, reason = json.decode(got.body or "")
  if body == nil then
    return nil, "the body " .. reason, got.type
  elseif type(body) ~= "table" then
    return nil, "the body is no object"
  end
  local found, status = body.id, body.status
  if (id == nil or found ~= id) and (type(found) ~= "string" or found == "" or found:find("[%c%s]")) then
    return nil, "the body holds no id"
  elseif id and found ~= id then
    return nil, "the body is about another order"
  elseif status ~= nil and type(status) ~= "string" then
    return nil, "the status is no text"
  end
  return body
end

--- The same, and what is wrong with it as an error.
-- @return table with `id` and `status` | nil, err of kind `answer`
function answer.order(got, context)
  local body, reason, kind = answer.body(got, context.order_id)
  if not body then
    return nil, answer.unusable(reason, kind, got, context)
  end
  return body
end

return answer

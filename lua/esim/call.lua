--- One call of the provider's API: method, path, query and body, and what came back or an error.
-- What is safe to repeat is repeated until its deadline where it fails in passing; what is not is sent once.

local answer = require "esim.answer"
local api = require "esim.api"
local err = require "esim.err"
local input = require "esim.input"
local json = require "esim.json"
local misuse = require "esim.misuse"
local percent = require "esim.percent"

local call = {}

local TIMEOUT = 30  -- seconds, where neither the call nor its client says
local LEAST = { timeout = 0 }
local AT_ONCE = { age = 1, first = 0.001, factor = 1, cap = 0.001, jitter = 0 }  -- the first look of such a poll is due

--- Check what every call may be given.
-- @param given  table or nil
-- @param more   name = type of further options, or nil
-- @param name   of the function that was called
-- @param level  as for `error`, seen from our caller
-- @return the options, a table
function call.options(given, more, name, level)
  given = given == nil and {} or given
  local types = { timeout = "number", correlation_id = "string" }
  for key, kind in pairs(more or {}) do
    types[key] = kind
  end
  misuse.check(given, types, name, level + 1, LEAST)
  return given
end

--- Raise unless `id` is a text that names something.
function call.identifier(id, name, level)
  if type(id) ~= "string" or id == "" then
    error(name .. ": a text expected, got " .. (id == "" and "an empty one" or type(id)), level + 1)
  end
end

--- Raise unless `given` is nil or a table of what a query can hold.
-- @param known  name = true for what the call knows, or nil: anything
function call.query(given, known, name, level)
  if given ~= nil and type(given) ~= "table" then
    error(name .. ": table of the query's fields expected, got " .. type(given), level + 1)
  end
  for key, value in pairs(given or {}) do
    local kind = type(value)
    if type(key) ~= "string" or known and not known[key] then
      error(name .. ": unknown field " .. tostring(key), level + 1)
    elseif kind ~= "string" and kind ~= "number" and kind ~= "boolean" then
      error(name .. ": " .. key .. " must be a text or a number, not a " .. kind, level + 1)
    end
  end
  return given or {}
end

local function target_of(what)
  local texts = {}
  for name, value in pairs(what.query or {}) do
    texts[name] = type(value) == "number" and value % 1 == 0 and ("%.0f"):format(value) or tostring(value)
  end
  return what.path .. (next(texts) and "?" .. percent.form(texts) or "")
end

local function spec_of(client, what, id)
  local timeout = what.timeout or client.timeout or TIMEOUT
  local spec = {
    method = what.method, target = target_of(what), correlation_id = id, deadline = timeout,
    timeout = math.max(0.001, math.min(timeout, client.timeout or TIMEOUT)),
  }
  for name, value in pairs(what.once and {} or AT_ONCE) do
    spec[name] = value
  end
  return spec
end

local function unusable(message, got, context)
  return nil, err.new("answer", { message = message, http = got.http, correlation_id = context.correlation_id })
end

local function read(got, context)
  if not got.body or got.body == "" then
    return {}, ""
  end
  local body, reason = json.decode(got.body)
  if body == nil then
    local kind = got.type and " (" .. err.redact(got.type, context.secrets) .. ")" or ""
    return unusable("the body " .. reason .. kind, got, context)
  elseif type(body) ~= "table" then
    return unusable("the body is neither object nor list", got, context)
  end
  return body, got.body
end

-- A token's error is shared by all who waited for it, and this call itself was not sent.
local function tokenless(e, what, id)
  local copy = err.new(what.once and e.kind == "unavailable" and "not_sent" or e.kind, e)
  copy.correlation_id = id
  return copy
end

-- Late without an answer: the order's wait says `timeout`, for it goes on; a call does not.
local function named(e)
  if e.kind == "timeout" then
    e = err.new("unavailable", e)
  end
  return e
end

-- A part of a path that is `..`, which no encoding hides, would name another thing than the one that is meant.
local function check_path(path, id)
  if ("/" .. percent.decode(path) .. "/"):find "[/\\]%.%.?[/\\]" then
    return err.new("invalid", { field = "id", message = 'must not hold a part "." or ".."', correlation_id = id })
  end
end

-- What is to be sent: spec | nil, err.
local function prepare(client, what, id)
  local wrong = check_path(what.path, id)
  if wrong then
    return nil, wrong
  end
  local spec, reason = spec_of(client, what, id), nil
  if what.body then
    spec.body, reason = json.encode(what.body)
  end
  if reason then
    return nil, err.new("invalid", { field = "body", message = reason, correlation_id = id })
  end
  return spec
end

--- Send it and read what comes back.
-- @param client  service of the client
-- @param what    method, path, query (name = text or number), body (table); once: it is not safe to repeat;
--   timeout (seconds in which it is tried, default the client's), correlation_id
-- @return body (a table, empty where none came), its text, name of the next page or nil, and what `unusable` wants |
--   nil, err: `unavailable`, `throttled`, `unauthorised`, `refused`, `answer`, `invalid`; where `once`, `not_sent` or
--   `unknown`
function call.send(client, what)
  local id, wrong = input.correlation_id(what.correlation_id)
  if not id then
    return nil, wrong
  end
  local spec
  spec, wrong = prepare(client, what, id)
  if not spec then
    return nil, wrong
  end
  local fault, got, e = client:exchange(what.once and "order" or "poll", spec)
  if e then
    return nil, tokenless(e, what, id)
  end
  local context = { correlation_id = id, secrets = client:secrets(), once = what.once }
  e = answer.error(fault, got, context)
  if e then
    return nil, named(e)
  end
  local body, text = read(got, context)
  if not body then
    return nil, text
  end
  return body, text, api.next_page(got.next_page, body), context
end

--- The error of an answer that does not hold what it must.
function call.unusable(message, context)
  return nil, err.new("answer", { message = message, correlation_id = context.correlation_id })
end

--- Ask for a list.
-- @return list of tables, name of the next page or nil, and what `unusable` wants | nil, err
function call.list(client, what)
  local body, text, page, context = call.send(client, what)
  if not body then
    return nil, text
  end
  local list = api.list(body, text)
  if not list then
    return call.unusable("the body holds no list", context)
  end
  for _, item in pairs(list) do
    if type(item) ~= "table" then
      return call.unusable("the list holds what is no object", context)
    end
  end
  return list, page, context
end

return call

--- What the core recorded of an exchange, as an entry for the log.

local err = require "esim.err"
local percent = require "esim.percent"

local exchange = {}

local TOLD = {  -- what an entry has of a record as it is
  "method", "fault", "bytes_sent", "bytes_received", "dns", "connect", "tls", "first_byte", "total", "attempt", "again",
  "at", "retry_after", "dropped",
}
local KINDS = { product = true, sim = true, subscription = true }

-- What a path is about, in either dialect: one of few words, never an id.
local function kind_of(target)
  local name, rest = target:match("^/v%d/(%l+)/?([^?]*)")
  local kind = name and name:gsub("s$", "")
  if kind == "order" then
    return rest == "" and "order" or "order_status"
  end
  return kind and KINDS[kind] and kind or "other"
end

-- A path without what must not be told: in it that may be percent-encoded.
local function path_of(target, secrets)
  local list = {}
  for _, secret in ipairs(secrets or {}) do
    list[#list + 1], list[#list + 2] = secret, percent.encode(secret)
  end
  return err.redact(target, list)
end

local function take(record, kind, secrets)
  local entry = { what = "exchange", kind = kind, path = path_of(record.target, secrets), status = record.http }
  for _, name in ipairs(TOLD) do
    entry[name] = record[name]
  end
  return entry
end

--- One with the provider.
-- @param record          of the core, see csrc/bind/inbox.c
-- @param correlation_id  or nil
-- @param secrets         list of strings that must not be told, or nil
function exchange.entry(record, correlation_id, secrets)
  local entry = take(record, kind_of(record.target), secrets)
  local id = record.target:match("^/v%d/orders?/([^/?]+)")
  entry.correlation_id, entry.order_id = correlation_id, id and err.redact(percent.decode(id), secrets)
  return entry
end

--- One with the token end point.
function exchange.of_token(record, secrets)
  return take(record, "token", secrets)
end

return exchange

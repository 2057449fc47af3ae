--- Counts what clients tell their `log` hook, for Prometheus.

local log = require "esim.log"
local misuse = require "esim.misuse"
local store = require "esim.metrics.store"
local text = require "esim.metrics.text"

local metrics = {}

local TYPES = { shared = "string", also = true }
local NAME = "esim.metrics"

local QUICK = { 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30 }
local LONG = { 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600 }

local FAMILIES = {
  { name = "esim_orders_total", kind = "counter", labels = { "outcome" },
    help = "Orders by outcome: accepted, or a kind of error." },
  { name = "esim_orders_abandoned_total", kind = "counter", help = "Orders whose outcome nobody lived to take." },
  { name = "esim_exchanges_total", kind = "counter", labels = { "kind", "method", "status" },
    help = "Exchanges with the provider by kind of path, method, and HTTP status or fault." },
  { name = "esim_exchange_duration_seconds", kind = "histogram", labels = { "kind" }, buckets = QUICK,
    help = "Seconds that exchanges took." },
  { name = "esim_exchange_sent_bytes_total", kind = "counter", labels = { "kind" },
    help = "Bytes of requests, without TLS." },
  { name = "esim_exchange_received_bytes_total", kind = "counter", labels = { "kind" },
    help = "Bytes of answers, without TLS." },
  { name = "esim_retries_total", kind = "counter", labels = { "reason" },
    help = "Exchanges that repeat one, by the HTTP status or fault that it met." },
  { name = "esim_order_completion_seconds", kind = "histogram", buckets = LONG,
    help = "Seconds from an order's placing until a wait saw it completed." },
  { name = "esim_waits_total", kind = "counter", labels = { "outcome" }, help = "Waits that have ended, by outcome." },
  { name = "esim_waits_in_flight", kind = "gauge", help = "Waits for orders that go on." },
  { name = "esim_token_fetches_total", kind = "counter", labels = { "outcome" },
    help = "Requests for a token by outcome: fetched, or a kind of error." },
  { name = "esim_records_dropped_total", kind = "counter",
    help = "Exchanges that are counted nowhere here, for want of room." },
}

local by_name = {}
for _, family in ipairs(FAMILIES) do
  by_name[family.name] = family
end

local Metrics = {}
Metrics.__index = Metrics

function Metrics.__tostring()
  return "esim.metrics"
end

local inner = setmetatable({}, { __mode = "k" })

-- Label values are few, whoever tells them: a word of ours, or a status.
local function word(value)
  local known = type(value) == "string" and #value <= 24 and value:find("^[%w_]+$")
  return known and value or "other"
end

local function status_of(entry)
  local status = tonumber(entry.status)
  if entry.fault or not status then
    return word(entry.fault)
  end
  return status >= 100 and status < 600 and ("%d"):format(status) or "other"
end

local function labels_of(family, values)
  return family.labels and text.labels(family.labels, values) or ""
end

local function count(numbers, name, values, by)
  if by == nil or by > 0 then
    numbers:add(text.key(name, labels_of(by_name[name], values)), by or 1)
  end
end

local function observe(numbers, name, values, value)
  local family, part = by_name[name], "+Inf"
  local labels = labels_of(family, values)
  for _, bound in ipairs(family.buckets) do
    if value <= bound then
      part = ("%g"):format(bound)
      break
    end
  end
  numbers:add(text.key(name, labels, part), 1)
  numbers:add(text.key(name, labels, "sum"), value)
end

local COUNTS = {}

-- An order whose outcome was told before is not one more.
function COUNTS.order(numbers, entry)
  if not entry.known then
    count(numbers, "esim_orders_total", { outcome = word(entry.outcome) })
  end
  if entry.abandoned then
    count(numbers, "esim_orders_abandoned_total")
  end
end

function COUNTS.exchange(numbers, entry)
  local kind = { kind = word(entry.kind) }
  count(numbers, "esim_exchanges_total", {
    kind = kind.kind, method = word(entry.method), status = status_of(entry),
  })
  if entry.total then
    observe(numbers, "esim_exchange_duration_seconds", kind, entry.total)
  end
  count(numbers, "esim_exchange_sent_bytes_total", kind, entry.bytes_sent or 0)
  count(numbers, "esim_exchange_received_bytes_total", kind, entry.bytes_received or 0)
  if entry.again then
    count(numbers, "esim_retries_total", { reason = word(entry.again) })
  end
  count(numbers, "esim_records_dropped_total", nil, entry.dropped or 0)
end

function COUNTS.wait(numbers, entry)
  local ended = entry.state == "ended"
  numbers:gauge(text.key("esim_waits_in_flight", ""), ended and -1 or 1)
  if ended then
    count(numbers, "esim_waits_total", { outcome = word(entry.outcome) })
  end
  if ended and entry.outcome == "completed" and entry.seconds then
    observe(numbers, "esim_order_completion_seconds", nil, entry.seconds)
  end
end

function COUNTS.token(numbers, entry)
  count(numbers, "esim_token_fetches_total", { outcome = word(entry.outcome) })
end

local function hook_of(numbers, also)
  return function(entry)
    local counts = COUNTS[entry.what]
    if counts then
      counts(numbers, entry)
    end
    if also then
      also(entry)
    end
  end
end

--- Make metrics; `metrics.log` is what clients are given as their `log`, one or several.
-- @param options  shared: name of a lua_shared_dict, in which all workers of nginx count (default: this Lua state
--   counts its own); also: to whom each entry is handed on, function(entry) or "ngx"; or nil
-- @return metrics; misuse raises
function metrics.new(options)
  options = misuse.gather(options or {}, TYPES, NAME, 2)
  local numbers = not options.shared and store.own() or store.shared(options.shared)
  if not numbers then
    error(NAME .. ": shared must name a lua_shared_dict of nginx", 2)
  end
  local self = setmetatable({
    log = hook_of(numbers, options.also ~= nil and log.hook(options.also, NAME .. ": also", 2) or nil),
  }, Metrics)
  inner[self] = numbers
  return self
end

--- What was counted so far, in Prometheus' text format 0.0.4 ("text/plain; version=0.0.4").
function Metrics:text()
  return text.write(FAMILIES, inner[self]:all())
end

return metrics

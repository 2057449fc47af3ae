--- The provider's Connect API v1, for one set of credentials.

local answer = require "esim.answer"
local api = require "esim.api"
local auth = require "esim.auth"
local credentials = require "esim.auth.credentials"
local err = require "esim.err"
local experience = require "esim.experience"
local input = require "esim.input"
local json = require "esim.json"
local log = require "esim.log"
local loop = require "esim.loop"
local misuse = require "esim.misuse"
local native = require "esim.native"
local order = require "esim.order"
local protect = require "esim.protect"
local reconcile = require "esim.reconcile"
local rest = require "esim.rest"
local saved = require "esim.order.saved"
local service = require "esim.service"

local client = {}

client.PRODUCTION = "https://services.truphone.com/connect-api"
client.PREPRODUCTION = "https://services.truphone.com/connect-api-preprod"

local TYPES = {
  url = "string", token = true, credentials = "table", rate = "number", connections = "number", timeout = "number",
  ca_file = "string", client_cert = "string", client_key = "string", allow_http = "boolean", log = true,
  api = "string", product_path = "string", currency_parameter = "string",
}
local LEASE = 86400  -- seconds that a hook may take
local ORDER_OPTIONS = { correlation_id = "string", timeout = "number", check = "boolean" }
local ORDER_LEAST = { timeout = 0 }

local inner = setmetatable({}, { __mode = "k" })  -- of each client its service

local Client = {}
Client.__index = Client
rest.extend(Client, inner)

function Client:__tostring()
  return "esim.client: " .. inner[self].url
end

local function check_token(options, level)
  if options.url == nil then
    error("esim.client: url is required: esim.PRODUCTION, esim.PREPRODUCTION or your own", level)
  elseif options.token ~= nil and options.credentials ~= nil then
    error("esim.client: token and credentials exclude each other", level)
  elseif options.credentials == nil and type(options.token) ~= "string" and type(options.token) ~= "function" then
    error("esim.client: credentials are required, or a token that is a text or a function", level)
  end
end

local function check_api(options, level)
  if options.api ~= nil and not api.knows(options.api) then
    error("esim.client: api must be v1 or v2", level)
  elseif options.product_path ~= nil and not options.product_path:find("^/[%w%-._~/]*[%w]$") then
    error("esim.client: product_path must be a path such as /v1/product", level)
  elseif options.currency_parameter ~= nil and not options.currency_parameter:find("^[%w_%-]+$") then
    error("esim.client: currency_parameter must be a name such as targetCurrency", level)
  end
end

--- Make a client. Nothing is sent, no thread is started.
-- @param options  url; credentials: { client_id, client_secret or client_secret_file, token_url, scope, style, shared }
--   (see esim.auth.credentials), or token: text or function(client) returning token and lifetime (seconds);
--   rate (requests a second, default unlimited), connections (16), timeout (30 seconds for one exchange),
--   ca_file, client_cert, client_key (file names, PEM), allow_http,
--   api: "v1" (default) or "v2"; product_path, currency_parameter (targetCurrency): where its pages name two of each
--   log: function(entry), told of each exchange, order, wait and token (README.md, "Logs and metrics"), or "ngx"
-- @return client | nil, err of kind `invalid`
function client.new(options)
  options = misuse.gather(options, TYPES, "esim.client", 2)
  misuse.range(options, "rate", 0, "esim.client", 2)
  misuse.range(options, "connections", 1, "esim.client", 2)
  misuse.range(options, "timeout", 0.001, "esim.client", 2)
  check_token(options, 3)
  check_api(options, 3)
  local told = options.log ~= nil and log.new(log.hook(options.log, "esim.client: log", 2)) or nil
  local dialect = api.new(options)
  options.headers, options.records, options.tag = service.HEADERS, told ~= nil, told and told.token_tag
  options.awaits_token = true
  options.order_path, options.correlation = dialect:path("order", ""), service.CORRELATION
  local account, fault = native.account(options)
  if not account then
    return nil, err.new("invalid", {
      field = "url", message = native.faults[fault] .. ": https, or http to this machine, without user or query",
    })
  end
  local source, e = options.token
  if options.credentials then
    source, e = credentials.new(options.credentials, options, 2)
  end
  if not source then
    return nil, e
  end
  local self, access = setmetatable({}, Client), auth.new(account, source, told)
  inner[self] = service.new {
    client = self, url = options.url, account = account, auth = access, rate = options.rate, log = told,
    timeout = options.timeout, api = dialect,
  }
  if told then
    told:guard(access)
  end
  return self
end

-- The request as it would be sent: { spec, warnings, correlation_id } | nil, err.
local function prepare(self, given, options)
  local correlation_id, e = input.correlation_id(options.correlation_id)
  if not correlation_id then
    return nil, e
  end
  local full = input.complete(given)
  local warnings
  if options.check == false then
    warnings = input.warnings(full)
  else
    warnings, e = input.check(full, os.time())
    if not warnings then
      e.correlation_id = correlation_id
      return nil, e
    end
  end
  local body, field, reason = inner[self].api:order(full)
  if body then
    field = "input"
    body, reason = json.encode(body)
  end
  if not body then
    return nil, err.new("invalid", { field = field, message = reason, correlation_id = correlation_id })
  end
  local trace = reconcile.trace(full)
  trace.sent_at = os.time()
  return {
    correlation_id = correlation_id, warnings = warnings, trace = trace,
    kind = experience.kind(full.operationType, trace.product_ids),
    email = type(full.customer) == "table" and full.customer.email or nil,
    spec = {
      method = "POST", target = inner[self].api:path "order", body = body, deadline = options.timeout,
      correlation_id = correlation_id,
    },
  }
end

local function check_call(given, options, name)
  if type(given) ~= "table" then
    error(name .. ": table of the provider's fields expected, got " .. type(given), 3)
  end
  options = options or {}
  misuse.check(options, ORDER_OPTIONS, name, 3, ORDER_LEAST)
  return options
end

-- What became of an order: the provider's { id, status } | nil, err.
local function outcome(mine, ready, fault, got)
  local body = answer.is_good(fault, got) and answer.body(got)
  if body then
    return body
  end
  local context = {
    is_order = true, correlation_id = ready.correlation_id, email = ready.email, trace = ready.trace,
    secrets = mine:secrets(),
  }
  local e = answer.error(fault, got, context)
  if e then
    return nil, e
  end
  return answer.order(got, context)  -- which says what is wrong with it
end

-- Where there is no hook, or it fails, the host's own log hears of it: an order is not lost for want of a listener.
local function report(told, entry)
  entry.what, entry.abandoned = "order", true
  local ok, reason = false, "there is no log hook"
  if told then
    ok, reason = told:tell(entry)
  end
  if not ok then
    loop.tell(("esim: an order that nobody waits for: %s, order %s, correlation id %s (%s)"):format(entry.outcome,
      err.redact(entry.order_id or "unknown"), entry.correlation_id, err.redact(tostring(reason))))
  end
end

-- Who is given the outcome of an order whose caller is gone. Its variables are its own: those of a coroutine that
-- nginx has ended hold anything.
local function heir(self, ready)
  local mine = inner[self]
  return function(fault, got)
    local body, e = outcome(mine, ready, fault, got)
    report(mine.log, {
      outcome = e and e.kind or "accepted", correlation_id = ready.correlation_id,
      order_id = e and e.order_id or body and body.id, status = body and body.status, err = e,
    })
  end
end

-- Send what is ready and read the answer.
local function place(self, ready)
  local mine = inner[self]
  local fault, got, e = mine:exchange("order", ready.spec, heir(self, ready))
  if e then  -- of a token: it is shared by all who waited for it, and the order itself was not sent
    e = err.new(e.kind == "unavailable" and "not_sent" or e.kind, e)
    e.correlation_id, e.email = ready.correlation_id, ready.email
    return nil, e
  end
  local body
  body, e = outcome(mine, ready, fault, got)
  if not body then
    return nil, e
  end
  return order.new(mine, {
    id = body.id, status = body.status, correlation_id = ready.correlation_id, warnings = ready.warnings,
    kind = ready.kind,
  })
end

local function tell_outcome(told, placed, e)
  told:tell {
    what = "order", outcome = placed and "accepted" or e.kind, correlation_id = (placed or e).correlation_id,
    order_id = placed and placed.id or e and e.order_id, status = placed and placed.status, err = e,
  }
end

-- The log hears what became of an order also where its caller does, who gets it even without memory for an entry.
local function tell(self, placed, e)
  local told = inner[self].log
  if told then
    pcall(tell_outcome, told, placed, e)
  end
  return placed, e
end

-- Order, whatever happens meanwhile.
local function send(self, ready)
  -- Made before anything is sent: afterwards there may be no memory for it.
  local lost = err.new("unknown", {
    message = "memory ran out before the answer was read", correlation_id = ready.correlation_id, email = ready.email,
    iccid = ready.trace.iccid, product_ids = ready.trace.product_ids, sent_at = ready.trace.sent_at,
  })
  local ok, placed, e = protect.call(place, self, ready)
  if ok then
    return tell(self, placed, e)
  elseif not ready.spec.submitted then
    error(placed, 0)
  elseif placed == protect.NO_MEMORY then
    return tell(self, nil, lost)
  end
  local why = type(placed) == "string" and err.redact(placed, inner[self]:secrets()) or type(placed)
  lost.message = "the wait for its answer was broken off: " .. why
  tell(self, nil, lost)
  error(lost, 0)
end

--- Place an order. It is sent once; only a refusal (429, or 401 once with a new token) is tried again.
-- @param given    the provider's own fields; operationType defaults to NEW_ESIM
-- @param options  correlation_id, timeout (seconds until it must be answered), check = false
-- @return order | nil, err (`unknown`: it may stand, do not order again before looking). Where the wait for the
--   answer is broken off, by an interrupt or an adapter that raises, that error is raised on as an `unknown`
function Client:order(given, options)
  options = check_call(given, options, "client:order")
  loop.check("client:order")
  local ready, e = prepare(self, given, options)
  if not ready then
    return tell(self, nil, e)
  end
  return send(self, ready)
end

--- Place an order of data for a SIM that is there: `order` with operationType TOPUP, and checked as one.
-- @param given    the provider's own fields
-- @param options  as for `order`
-- @return as `order`
function Client:topup(given, options)
  options = check_call(given, options, "client:topup")
  loop.check("client:topup")
  local operation = given.operationType or "TOPUP"
  if operation ~= "TOPUP" and operation ~= "TOPUP_ACTIVATION" then
    return tell(self, nil, err.new("invalid", {
      field = "operationType", message = "must be TOPUP: this is client:topup", correlation_id = options.correlation_id,
    }))
  end
  local full = input.complete(given)
  full.operationType = operation
  local ready, e = prepare(self, full, options)
  if not ready then
    return tell(self, nil, e)
  end
  return send(self, ready)
end

-- As in `heir`, its variables are its own.
local function untold(told, placed)
  return function()
    report(told, {
      outcome = "accepted", correlation_id = placed.correlation_id, order_id = placed.id, status = placed.status,
      known = true,
    })
  end
end

--- Run `f(placed)`, which may wait. Where it does not live to its end, the log is told of the order once more.
-- @param self  client
-- @return what pcall returns
function client.tell(self, placed, f)
  local told = inner[self] and inner[self].log
  local lease = loop.submit("sleep", LEASE, nil, untold(told, placed))
  local ok, reason = protect.call(f, placed)
  if lease then
    loop.cancel(lease)  -- nginx ends it with the request, and then it has an outcome
  end
  return ok, reason
end

--- What `order` would send; nothing is sent.
-- @return { method, url, headers, body, warnings } with the token redacted | nil, err
function Client:preview(given, options)
  options = check_call(given, options, "client:preview")
  local ready, e = prepare(self, given, options)
  if not ready then
    return nil, e
  end
  local headers = { Authorization = "Bearer [redacted]" }
  headers[service.CORRELATION:match "^[^:]+"] = ready.correlation_id
  for _, line in ipairs(service.HEADERS) do
    local name, value = line:match("^(.-): (.*)$")
    headers[name] = value
  end
  return {
    method = "POST", url = inner[self].url:gsub("/+$", "") .. ready.spec.target, headers = headers,
    body = ready.spec.body, warnings = ready.warnings,
  }
end

local spare  -- what was read of the last line: of a hundred thousand it would be most that the collector is left

--- An order placed before, perhaps by another process; nothing is sent.
-- @param line  what `order:save` returned, or the provider's order id
-- @return order | nil, err of kind `invalid`
function Client:resume(line)
  if type(line) ~= "string" then
    error("client:resume: order id or saved order expected, got " .. type(line), 2)
  end
  local fields, reason = saved.read(line, spare)
  spare = nil
  if not fields then
    return nil, err.new("invalid", { field = "order", message = reason })
  end
  local e
  fields.correlation_id, e = input.correlation_id(fields.correlation_id)
  if e then
    return nil, e
  end
  local resumed = order.new(inner[self], fields)
  spare = not fields.bare and fields or nil
  return resumed
end

--- What this client's orders took, by operation and product: looks are placed by it (README.md, "When to look again").
-- @param text  what this function returned, perhaps in another process, or nil; it takes the place of what there is of
--   the operations and products that it names
-- @return without `text`: text, without secrets | with it: true | nil, err of kind `invalid`: nothing is changed
function Client:experience(text)
  if text == nil then
    return inner[self]:save_experience()
  elseif type(text) ~= "string" then
    error("client:experience: text expected, got " .. type(text), 2)
  end
  local ok, reason = inner[self]:load_experience(text)
  if not ok then
    return nil, err.new("invalid", { field = "experience", message = reason })
  end
  return true
end

return client

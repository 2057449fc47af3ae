--- An order that the provider accepted: look at it, wait for it, save it.

local answer = require "esim.answer"
local api = require "esim.api"
local err = require "esim.err"
local loop = require "esim.loop"
local native = require "esim.native"
local profile = require "esim.profile"
local protect = require "esim.protect"
local saved = require "esim.order.saved"
local told_wait = require "esim.log.wait"

local order = {}

local OLD = 1e8  -- seconds of age beyond which nothing changes: a clock that was not set yet gives fifty years
local GRACE = 5  -- seconds that the look at the deadline may take, and the token for it
local LAG = 30  -- seconds in which a 404 says only that the provider's stores lag

local inner = setmetatable({}, { __mode = "k" })  -- what no caller is to see

local Order = {}
Order.__index = Order

function Order:__tostring()
  local id = err.redact(self.id, inner[self].client:secrets())
  return "esim.order: " .. id .. " " .. (tostring(self.status):gsub("%c+", " "))
end

local WORDS = { ACCEPTED = true, FULFILLING = true, FULFILING = true, COMPLETED = true, FAILED = true }

-- A word that is not known may be anything, also a secret.
local function note_status(self, status)
  if status ~= nil and not WORDS[status] then
    status = err.redact(status, inner[self].client:secrets())
  end
  if status ~= nil and status ~= self.status then
    self.status = status
    self.history[#self.history + 1] = { status = status, at = os.time() }
  end
end

--- @param client   service of the client (service.lua)
-- @param fields   id, correlation_id, created (seconds since 1970), bare (that is not known), status, email
function order.new(client, fields)
  local self = setmetatable({
    id = fields.id, correlation_id = fields.correlation_id, history = {}, warnings = fields.warnings or {},
  }, Order)
  inner[self] = {
    client = client, created = fields.created, email = fields.email, waits = {},
    born = native.clock() - math.max(0, os.time() - fields.created), bare = fields.bare,
  }
  note_status(self, fields.status)
  return self
end

local function context(self)
  local mine = inner[self]
  return {
    order_id = self.id, correlation_id = self.correlation_id, email = mine.email,
    secrets = mine.client:secrets(),
  }
end

-- A token's error is shared by all who waited for it: each gets a copy with its own order.
local function about_us(self, e)
  local copy = err.new(e.kind, e)
  copy.order_id, copy.correlation_id, copy.history = self.id, self.correlation_id, self.history
  return copy
end

local function failed(self, body)
  return err.new("failed", {
    order_id = self.id, correlation_id = self.correlation_id, history = self.history,
    raw = err.scrub(body, inner[self].client:secrets()),
  })
end

local function outcome(self)
  return inner[self].profile, inner[self].failure
end

local function is_final(self)
  local mine = inner[self]
  return mine.profile ~= nil or mine.failure ~= nil
end

-- COMPLETED is final only with what it promises; a word that is not known is not final. What is final stays,
-- also when the answer to an earlier look arrives after it.
local function take_body(self, body)
  if is_final(self) then
    return nil
  elseif body.status ~= self.status then
    note_status(self, body.status)
  end
  if self.status == "COMPLETED" then
    local output = api.output(body)
    if type(output) ~= "table" then
      return err.new("answer", {
        message = "the order is completed but the answer holds no output",
        order_id = self.id, correlation_id = self.correlation_id,
      })
    end
    inner[self].profile = profile.new(output)
  elseif self.status == "FAILED" then
    inner[self].failure = failed(self, body)
  end
end

local function is_lag(self, fault, got)
  return not fault and got.http == 404 and native.clock() - inner[self].born < LAG
end

local function headers_of(self)
  return inner[self].client:headers(self.correlation_id)
end

local function target_of(self)
  return inner[self].client.api:path("order", self.id)
end

-- What an error is made of is gathered only where there is one.
local function read(self, fault, got)
  if not answer.is_good(fault, got) then
    return nil, answer.error(fault, got, context(self))
  end
  local body, reason, kind = answer.body(got, self.id)
  if not body then
    return nil, answer.unusable(reason, kind, got, context(self))
  end
  inner[self].looked = native.clock()
  return body
end

--- Look once.
-- @param options  timeout (seconds until it must be answered, also where the provider asked to wait), or nil
-- @return status | nil, err
function Order:poll(options)
  local mine, timeout = inner[self], options and options.timeout
  if timeout ~= nil and (type(timeout) ~= "number" or not (timeout >= 0 and timeout < 1e9)) then
    error("order:poll: timeout must be a number of seconds", 2)
  end
  if is_final(self) then
    return self.status
  end
  loop.check("order:poll")
  local look = mine.look or { method = "GET", target = target_of(self), headers = headers_of(self) }
  mine.look, look.deadline = look, timeout
  local fault, got, e = mine.client:exchange("request", look)
  if e then
    return nil, about_us(self, e)
  end
  local body
  body, e = read(self, fault, got)
  if e and self.status and is_lag(self, fault, got) then
    return self.status
  elseif not body then
    return nil, e
  end
  local wrong = take_body(self, body)
  if wrong then
    return nil, wrong
  end
  return self.status
end

local OWN = { first = 0.001, factor = 1, cap = 0.001, jitter = 0 }
local KNOWN = { timeout = true, price = true, on_status = true, first = true, factor = true, cap = true,
  jitter = true }

local function check_number(options, name, least)
  local value = options[name]
  if value ~= nil and (type(value) ~= "number" or not (value >= least and value < 1e9)) then  -- luacheck: ignore
    error("order:wait: " .. name .. " must be a number of at least " .. least, 4)
  end
end

local function check_options(options)
  if type(options) ~= "table" then
    error("order:wait: options expected: timeout is mandatory", 3)
  elseif options.timeout == nil then
    error("order:wait: timeout is mandatory (seconds)", 3)
  end
  for name in pairs(options) do
    if not KNOWN[name] then
      error("order:wait: unknown option " .. tostring(name), 3)
    end
  end
  check_number(options, "timeout", 0)
  check_number(options, "price", 1e-6)
  for name, least in pairs(OWN) do
    check_number(options, name, least)
    if options[name] ~= nil and options.price ~= nil then
      error("order:wait: price and " .. name .. " exclude each other", 3)
    end
  end
  if options.jitter and options.jitter > 1 then
    error("order:wait: jitter must be at most 1", 3)
  end
  if options.on_status ~= nil and type(options.on_status) ~= "function" then
    error("order:wait: on_status must be a function", 3)
  end
end

local function spec_of(self, left, options)
  local mine = inner[self]
  local age = math.min(math.max(0, native.clock() - mine.born), OLD)
  return {
    method = "GET", target = target_of(self), headers = headers_of(self),
    deadline = math.max(0, left), age = age,
    seen = mine.looked and math.min(math.max(0, mine.looked - mine.born), age) or nil,
    price = options.price, first = options.first, factor = options.factor, cap = options.cap,
    jitter = options.jitter,
  }
end

-- One wait: `told` is how much of the history its on_status has heard, `over` that it is to end, `refused` that the
-- last answer was a 401.
local function begin(self, options)
  local wait = {
    told = #self.history, on_status = options.on_status, deadline = native.clock() + options.timeout,
  }
  inner[self].waits[wait] = true
  return wait
end

local function stop(wait)
  wait.over = true
  if wait.halt then  -- it waits for a token
    wait.halt()
  end
  if wait.pending then
    loop.cancel(wait.pending)
  end
end

local function tell(self, wait)
  while wait.on_status and not wait.over and wait.told < #self.history do
    wait.told = wait.told + 1
    wait.on_status(self, self.history[wait.told].status)
  end
end

-- One answer of the poll: true when it was not final, else false and what ends the wait.
local function digest(self, got, wait)
  local body, e = read(self, nil, got)
  if not body then
    return false, e
  end
  local wrong = take_body(self, body)
  tell(self, wait)
  if wrong then
    return false, wrong
  end
  return not is_final(self)
end

local function cancelled(self)
  return err.new("cancelled", {
    order_id = self.id, correlation_id = self.correlation_id, history = self.history,
  })
end

local function end_error(self, fault, got)
  local tokenless = inner[self].client:tokenless(fault, got)
  if fault == "cancelled" then
    return cancelled(self)
  elseif tokenless then
    return about_us(self, tokenless)
  end
  local e = answer.error(fault, got, context(self))
  if fault == "forked" then
    e.message = "the process forked: the wait went with the parent"
  end
  e.history = self.history
  return e
end

-- Until when another token may be waited for: the look at the deadline needs one too.
local function patience(wait)
  local now = native.clock()
  return now < wait.deadline and wait.deadline or now + GRACE
end

-- A 401: true where there is a new token, else false and what ends the wait.
local function meet_401(self, wait, got)
  local client = inner[self].client
  if wait.refused then
    client:reject(got.serial)
    return false, end_error(self, nil, got)
  end
  wait.refused = true
  local ok, e = client:renew(got.serial, patience(wait), wait)
  if e then
    return false, about_us(self, e)
  end
  return ok or false, not ok and end_error(self, nil, got) or nil
end

-- One answer of the poll: true when the poll is to go on, else false and what ends the wait.
local function take(self, wait, fault, got)
  if fault then
    return false, end_error(self, fault, got)
  elseif got.stale then
    local ok, e = inner[self].client:refresh(got.serial, patience(wait), false, wait)
    return ok or false, e and about_us(self, e)
  elseif got.http == 401 then
    return meet_401(self, wait, got)
  elseif is_lag(self, fault, got) then
    return true
  elseif got.http < 200 or got.http >= 300 then
    return false, end_error(self, fault, got)
  end
  wait.refused = nil
  return digest(self, got, wait)
end

local function follow(self, wait)
  while true do
    local on, e = take(self, wait, loop.await(wait.pending))
    if wait.over then  -- on_status ended it, or somebody else while a token was fetched
      return cancelled(self)
    elseif not on then
      return e
    end
    loop.again(wait.pending)
  end
end

local function look_on(self, wait, options)
  local client = inner[self].client
  local ok, e = client:ensure(math.max(wait.deadline, native.clock() + GRACE), wait)
  if wait.over then
    return cancelled(self)
  elseif not ok then
    return about_us(self, e)
  end
  local fault
  wait.pending, fault = client:submit("poll", spec_of(self, wait.deadline - native.clock(), options))
  if not wait.pending then
    return end_error(self, fault, {})
  end
  return follow(self, wait)
end

-- Look until it is final, and end the poll whatever happens, also when on_status raises or the script is interrupted.
local function watch(self, options)
  local wait = begin(self, options)
  local fine, e = protect.call(look_on, self, wait, options)
  inner[self].waits[wait] = nil
  stop(wait)
  if not fine then
    error(e, 0)
  end
  return e
end

local function watch_to_end(self, options)
  local e = watch(self, options)
  local done, failure = outcome(self)
  return done and "completed" or failure and "failed" or e.kind, e
end

-- Where the client has a log, that is told that the wait begins, and how it ends.
local function watch_told(self, options)
  local mine = inner[self]
  local told = mine.client.log
  if not told then
    return watch(self, options)
  end
  local _, e = told_wait.follow(told, {
    order_id = self.id, correlation_id = self.correlation_id, placed = not mine.bare and mine.born or nil,
    timeout = options.timeout,
  }, watch_to_end, self, options)
  return e
end

--- Wait until the order is completed.
-- @param options  timeout (seconds, mandatory); price (seconds of unseen waiting that one look is
--   worth, default 1) or first, factor, cap (seconds), jitter of a schedule of your own;
--   on_status(order, status), called for each new status
-- @return profile | nil, err (`timeout`: the order goes on, wait again)
function Order:wait(options)
  check_options(options)
  local done, failure = outcome(self)
  local e = failure
  if not done and not failure then
    loop.check("order:wait")
    e = watch_told(self, options)
    done, failure = outcome(self)
  end
  if done then
    return done
  end
  return nil, failure or e
end

--- End all waits for this order; they return an error of kind `cancelled`. The order lives on.
function Order:cancel()
  local waits = {}
  for wait in pairs(inner[self].waits) do
    waits[#waits + 1] = wait
  end
  for _, wait in ipairs(waits) do
    stop(wait)
  end
end

--- One line of text, without secrets, for `client:resume` in another process.
function Order:save()
  return saved.write {
    id = self.id, created = inner[self].created, correlation_id = self.correlation_id, status = self.status,
  }
end

return order

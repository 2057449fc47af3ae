--- An order that the provider accepted: look at it, wait for it, save it.

local experience = require "esim.experience"
local hands = require "esim.loop.hands"
local loop = require "esim.loop"
local protect = require "esim.protect"
local saved = require "esim.order.saved"
local state = require "esim.order.state"
local told_wait = require "esim.log.wait"
local wait = require "esim.order.wait"

local order = {}

local function none(what)
  return setmetatable({}, { __newindex = function() error("there " .. what, 2) end })
end

local Order = { warnings = none "are no warnings", history = none "is no history yet" }
Order.__index = Order

function Order:__tostring()
  return "esim.order: " .. state.redact(self, self.id) .. " " .. (tostring(self.status):gsub("%c+", " "))
end

--- @param client   service of the client (service.lua)
-- @param fields   id, correlation_id, created (seconds since 1970; nil: just now), bare (that is not known), status,
--   warnings, kind (see esim.experience), or nil
function order.new(client, fields)
  local self = { id = fields.id, correlation_id = fields.correlation_id }
  if fields.warnings and fields.warnings[1] then
    self.warnings = fields.warnings
  end
  return state.open(self, Order, client, fields)
end

order.is = state.is_order

--- Look once.
-- @param options  timeout (seconds until it must be answered, also where the provider asked to wait), or nil
-- @return status | nil, err
function Order:poll(options)
  local client, mine = state.client(self)
  local timeout = options and options.timeout
  if timeout ~= nil and (type(timeout) ~= "number" or not (timeout >= 0 and timeout < 1e9)) then
    error("order:poll: timeout must be a number of seconds", 2)
  end
  if mine.profile or mine.failure then
    return self.status
  end
  loop.check("order:poll")
  local look = mine.look or state.request(self)
  mine.look, look.deadline = look, timeout
  local fault, got, e = client:exchange("request", look)
  if e then
    return nil, state.about(self, e)
  end
  local outcome
  outcome, e = state.heed(self, fault, got)
  if not outcome and not (self.status and state.lags(self, fault, got)) then
    return nil, e
  end
  return self.status
end

local function result(self, e)
  local profile, failure = state.outcome(self)
  if profile then
    return profile
  end
  return nil, failure or e
end

-- A wait whose steps hands do: `step`, see there.
local Errand = setmetatable({}, wait.Wait)
Errand.__index = Errand

-- End a wait, whatever happens; where it was broken off also where the next call finds no memory.
local function put_down(look, fine)
  if not fine then
    look.task, loop.orphans.first = loop.orphans.first, look  -- no call: see there
  end
  look:stop()
  if not fine then
    loop.orphans.first = look.task
  end
end

-- Look until it is final: err or nil.
local function look_on(look, options)
  local on, e = look:start(options)
  while on do
    local _, got = loop.await(look)
    on, e = look:proceed(got)
  end
  return e
end

-- Look until it is final, and end the poll whatever happens, also when on_status raises or the script is interrupted.
local function watch(self, options)
  local look = wait.new(self, options)
  local fine, e = protect.call(look_on, look, options)
  put_down(look, fine)
  if not fine then
    error(e, 0)
  end
  return result(self, e)
end

local function watch_to_end(self, options)
  local profile, e = watch(self, options)
  return profile and "completed" or e.kind, e
end

-- Where the client has a log, that is told that the wait begins, and how it ends.
local function watch_told(self, options)
  local _, e = told_wait.follow(state.client(self).log, state.told(self), options.timeout, watch_to_end, self, options)
  return result(self, e)
end

local function tell(self, word, outcome)
  local told = state.client(self).log
  if told then
    told_wait.tell(told, state.told(self), word, outcome)
  end
end

-- What a step brought: the wait, which goes on | nil, and as esim.loop.hands says: whether it was fine, and what
-- order:wait returns or raises.
local function after(look, fine, on, e)
  local one = look.order
  if fine and on then
    return look
  end
  put_down(look, fine)
  if not fine then
    tell(one, "ended", "raised")
    return nil, false, on
  end
  local profile
  profile, e = result(one, e)
  tell(one, "ended", profile and "completed" or e.kind)
  if profile then
    return nil, true, profile
  end
  return nil, true, nil, e
end

function Errand:step()
  return after(self, protect.call(self.proceed, self, self.ready))
end

local function is_sound(options)
  return pcall(wait.check, options, "order:wait", 1)
end

-- The first step. Misuse is raised where it is: on the caller's stack. What was told to begin will be told to end.
local function begin(self, options)
  if not is_sound(options) then
    return nil, hands.HERE
  elseif state.is_final(self) then
    return nil, true, result(self)
  end
  local look = wait.new(self, options, Errand)
  local fine, reason = pcall(tell, self, "begun")
  if not fine then
    put_down(look, fine)
    return nil, false, reason
  end
  return after(look, protect.call(look.start, look, options))
end

local function needs_wait(self, options)
  return is_sound(options) and not state.is_final(self)
end

-- For who is in none of our tasks.
local function wait_here(self, options)
  wait.check(options, "order:wait", 3)
  if state.is_final(self) then
    return result(self)
  end
  loop.check("order:wait", 1)
  return (state.client(self).log and watch_told or watch)(self, options)
end

--- order:wait(options): wait until the order is completed.
-- @param options  timeout (seconds, mandatory); price (seconds of unseen waiting that one look is
--   worth, default 1) or first, factor, cap (seconds), jitter of a schedule of your own;
--   on_status(order, status), called for each new status
-- @return profile | nil, err (`timeout`: the order goes on, wait again)
Order.wait = hands.errand(begin, wait_here, needs_wait)

--- End all waits for this order; they return an error of kind `cancelled`. The order lives on.
function Order:cancel()
  wait.stop_all(self)
end

--- One line of text, without secrets, for `client:resume` in another process.
function Order:save()
  local terms = state.terms(self)
  return saved.write {
    id = self.id, created = state.created(self), correlation_id = self.correlation_id, status = self.status,
    kind = experience.tellable(terms.kind, terms.client:secrets()),
  }
end

return order

--- A wait for an order: a poll, and what its answers say. Each is handed to it where it comes back, and where nothing
-- is to be decided the poll goes on without waking who waits. It is small, for a hundred thousand may wait.

local answer = require "esim.answer"
local err = require "esim.err"
local loop = require "esim.loop"
local misuse = require "esim.misuse"
local native = require "esim.native"
local state = require "esim.order.state"

local wait = {}

local OLD = 1e8  -- seconds of age beyond which nothing changes: a clock that was not set yet gives fifty years
local GRACE = 5  -- seconds that the look at the deadline may take, and the token for it

local TYPES = {
  timeout = "number", price = "number", on_status = "function",
  first = "number", factor = "number", cap = "number", jitter = "number",
}
local OWN = { "first", "factor", "cap", "jitter" }  -- of a schedule of one's own
local LEAST = { timeout = 0, price = 1e-6, first = 0.001, factor = 1, cap = 0.001, jitter = 0 }

--- Raise at `level`, as for `error` and seen from our caller, unless `options` are a wait's.
-- @param name  of the function that was called
function wait.check(options, name, level)
  if type(options) ~= "table" then
    error(name .. ": options expected: timeout is mandatory", level + 1)
  elseif options.timeout == nil then
    error(name .. ": timeout is mandatory (seconds)", level + 1)
  end
  misuse.check(options, TYPES, name, level + 1, LEAST)
  for _, field in ipairs(options.price ~= nil and OWN or {}) do
    if options[field] ~= nil then
      error(name .. ": price and " .. field .. " exclude each other", level + 1)
    end
  end
  if options.jitter and options.jitter > 1 then
    error(name .. ": jitter must be at most 1", level + 1)
  end
end

-- It is a pending of loop.lua's own kind, whose fields it has. Besides: order; task (see task.lua); on_status,
-- and `told`, how much of the history that has heard; `settled`: its last look found the end; `refused`: the last
-- answer was a 401; `over`: it is to end.
local Wait = setmetatable({ kind = "poll" }, loop.Pending)
Wait.__index = Wait

wait.Wait = Wait

--- @param order     order
-- @param options   what wait.check lets pass
-- @param class     one that is made of wait.Wait, or nil: that
-- @return wait, which must be stopped
function wait.new(order, options, class)
  -- Four fields and no more, where nothing is special: Lua doubles what they take.
  local self = setmetatable({ order = order, id = false, ready = false, task = false }, class or Wait)
  if options.on_status then
    self.on_status, self.told = options.on_status, #order.history
  end
  local mine = state.of(order)
  if mine.wait then
    self.next = mine.wait
  end
  mine.wait = self
  return self
end

local function unlink(self)
  local mine = state.of(self.order)
  if mine.wait == self then
    mine.wait = self.next
    return
  end
  local before = mine.wait
  while before and before.next ~= self do
    before = before.next
  end
  if before then
    before.next = self.next
  end
end

--- End it: its poll first, which takes no memory, and the wait for a token. Whoever waits finds it cancelled.
function Wait:stop()
  if self.id then
    loop.cancel(self, self.settled)
  end
  unlink(self)
  if self.halt then  -- it waits for a token
    self.halt()
  end
end

--- The same for another than who waits: he goes no further, wherever he is.
function Wait:call_off()
  self.over = true
  self:stop()
end

local function tell(self)
  while self.on_status and not self.over and self.told < #self.order.history do
    self.told = self.told + 1
    self.on_status(self.order, self.order.history[self.told].status)
  end
end

local function cancelled(order)
  return err.new("cancelled", {
    order_id = order.id, correlation_id = order.correlation_id, history = order.history,
  })
end

local function end_error(self, fault, got)
  local order = self.order
  local tokenless = state.client(order):tokenless(fault, got)
  if fault == "cancelled" then
    return cancelled(order)
  elseif tokenless then
    return state.about(order, tokenless)
  end
  local e = answer.error(fault, got, state.context(order))
  if fault == "forked" then
    e.message = "the process forked: the wait went with the parent"
  end
  e.history = order.history
  return e
end

-- A look that worked: true when it was not final, else false and what ends the wait.
local function digest(self, got)
  local outcome, e = state.take(self.order, got)
  if outcome == "open" then
    return true
  elseif outcome == "ended" then
    self.settled = true
  end
  return false, e
end

-- Until when another token may be waited for: the look at the deadline needs one too.
local function patience(self)
  local left = loop.left(self)
  return native.clock() + (left > 0 and left or GRACE)
end

-- A 401: true where there is a new token, else false and what ends the wait.
local function meet_401(self, got)
  local client = state.client(self.order)
  if self.refused then
    client:reject(got.serial)
    return false, end_error(self, nil, got)
  end
  self.refused = true
  local ok, e = client:renew(got.serial, patience(self), self)
  if e then
    return false, state.about(self.order, e)
  end
  return ok or false, not ok and end_error(self, nil, got) or nil
end

-- What came back: true when the poll is to go on, else false and what ends the wait.
local function decide(self, fault, got)
  local order = self.order
  if state.is_final(order) then
    return false
  elseif fault then
    return false, end_error(self, fault, got)
  elseif got.stale then
    local ok, e = state.client(order):refresh(got.serial, patience(self), false, self)
    return ok or false, e and state.about(order, e)
  elseif got.http == 401 then
    return meet_401(self, got)
  elseif state.lags(order, fault, got) then
    return true
  elseif not answer.is_good(nil, got) then
    return false, end_error(self, fault, got)
  end
  self.refused = nil
  return digest(self, got)
end

--- The loop's, in the midst of its work: must not wait.
-- @return whether the answer said nothing new, and the poll went on
function Wait:pass()
  local got = self.ready
  if self.on_status or self.refused or not answer.is_good(got.fault, got) then
    return false
  end
  local ok, on = pcall(digest, self, got)  -- what fails fails once more where it can be told
  if not ok or not on then
    return false
  end
  loop.again(self)
  return true
end

local request  -- of the last poll, to be filled in anew: a hundred thousand of them were most of a collector's work

-- It is nobody else's until it is submitted.
local function submit(self, options, deadline)
  local order = self.order
  local client, age, seen = state.client(order), state.age(order)
  local spec = state.request(order, request)
  request = nil
  spec.deadline = math.max(0, deadline - native.clock())
  spec.age, spec.seen = math.min(age, OLD), seen and math.min(seen, OLD)
  spec.price, spec.first, spec.factor = options.price, options.first, options.factor
  spec.cap, spec.jitter = options.cap, options.jitter
  spec.kind_of = state.terms(order).kind or ""
  local pending, fault = client:submit("poll", spec, nil, self)
  spec.tag, spec.about = nil, nil
  request = spec
  return pending, fault
end

--- Begin to look, which may wait for a token.
-- @param options   timeout; price or first, factor, cap, jitter
-- @param deadline  native.clock(), or nil: after options.timeout
-- @return true | false, err
function Wait:start(options, deadline)
  local order, now = self.order, native.clock()
  deadline = deadline or now + options.timeout
  local client, ok, e = state.client(order), true, nil
  if not client:is_crowded() then  -- else the poll goes without one, and is held
    ok, e = client:ensure(math.max(deadline, now + GRACE), self)
  end
  if self.over then
    return false, cancelled(order)
  elseif not ok then
    return false, state.about(order, e)
  end
  local pending, fault = submit(self, options, deadline)
  if not pending then
    return false, end_error(self, fault, {})
  end
  return true
end

--- Take what came for it; may wait for a token, and in on_status.
-- @param got  what it was settled with
-- @return true: it looks again, wait for it | false, err or nil: it has ended
function Wait:proceed(got)
  local on, e = decide(self, got.fault, got)
  tell(self)
  if self.over then  -- on_status ended it, or somebody else while a token was fetched
    return false, cancelled(self.order)
  elseif on then
    loop.again(self)
  end
  return on, e
end

--- End all waits for `order`.
function wait.stop_all(order)
  local waits, one = {}, state.of(order).wait
  while one do
    waits[#waits + 1], one = one, one.next
  end
  for _, each in ipairs(waits) do
    each:call_off()
  end
end

return wait

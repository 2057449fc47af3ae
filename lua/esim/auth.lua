--- The token of an account: given once, or fetched, once for all who need it.
-- Whoever comes first fetches, in his own coroutine; the others wait for what he brings, each until his own deadline.

local err = require "esim.err"
local log = require "esim.log"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"
local wrong = require "esim.auth.wrong"

local auth = {}

local BEGIN = 1       -- seconds in which a coroutine of the host's has begun, or never will
local DOUBT = 5       -- seconds after which who waits looks whether the one who fetches is still there
local LONG = 60       -- seconds that a call without a deadline waits for a token, as the core does for a 429
local PATIENCE = 60   -- seconds for which a token function is not taken for dead
local BRIEF = 5       -- seconds that who could do without may spend on a new token
local GAP = 1         -- seconds at most between a failure and the next one's try, and between two tokens after a 401
local STORM = 5       -- seconds in which a second token is refused: what is held hears of it
local MOST = 3        -- seconds at most between two tries of one, where the end point names none
local FRESH = 0.9     -- of its life: when a token is replaced
local LEAST = 1       -- seconds for which a new token is used, however short its life is said to be
local BACKOFF_MAX = 60  -- seconds that credentials which were refused are not tried again
local CROWD = 1000    -- who wait in line for one token: more coroutines would take memory for nothing

local Auth = {}
Auth.__index = Auth

--- @param account  of the core
-- @param source    text; function(client) returning token, lifetime in seconds (which may wait); or credentials,
--   whose fetch(self, want) returns token, lifetime, its age | nil, err, seconds before it may be tried again (nil: it
--   is final)
-- @param told      log of the client, or nil
function auth.new(account, source, told)
  return setmetatable({
    account = account, source = source, log = told, serial = 0, waiters = {}, in_line = 0, failures = 0, refusals = 0,
  }, Auth)
end

local function is_life(lifetime)
  return type(lifetime) == "number" and lifetime >= 0 and lifetime < math.huge
end

-- `asked`: native.clock() before the token was asked for, from which its life is counted.
local function set(self, token, lifetime, asked)
  if type(token) ~= "string" then
    return wrong.token("the token is no text but a " .. type(token))
  end
  local stale_at = is_life(lifetime) and asked + FRESH * lifetime or nil
  local ends_at = is_life(lifetime) and asked + lifetime or nil
  local now = native.clock()
  local ok, fault = self.account:token(token, stale_at and math.max(0, stale_at - now),
    ends_at and math.max(0, asked + math.max(lifetime, LEAST) - now))
  if fault == "memory" then
    return nil, err.new("not_sent", { message = native.faults.memory })
  elseif not ok then
    return wrong.token("the token is empty or holds what a header must not")
  end
  self.serial = self.serial + 1
  self.former, self.secret = self.secret, token
  self.stale_at, self.ends_at, self.set_at = stale_at, ends_at, native.clock()
  return true
end

local function call_source(self, flight, client)
  flight.inside = true
  return self.source(client)
end

local function ask_function(self, flight, client)
  local asked = native.clock()
  local ok, token, lifetime = protect.call(call_source, self, flight, client)
  flight.inside = false
  if not ok then
    return nil, wrong.because("the token function failed", token, self:secrets())
  elseif not token then
    return nil, wrong.because("the token function gave no token", lifetime, self:secrets())
  end
  return set(self, token, lifetime, asked)
end

local function ask_credentials(self, flight, deadline)
  flight.refused, flight.log, flight.seconds = self.refused, self.log, math.max(0, deadline - native.clock())
  local token, lifetime, more = self.source:fetch(flight)
  if not token then
    return nil, lifetime, more
  end
  return set(self, token, lifetime, native.clock() - more)
end

-- One try: true | nil, err, and where it may pass the seconds before it may be tried again.
local function ask(self, flight, client, deadline)
  if type(self.source) == "function" then
    flight.ends = math.max(deadline, native.clock() + PATIENCE) + DOUBT
    return log.token(self.log, ask_function, self, flight, client)
  end
  return ask_credentials(self, flight, deadline)
end

local function tell(self, pending, outcome)
  self.waiters[pending] = nil
  pending.told = outcome
  loop.settle(pending)
  loop.cancel(pending)  -- its time no longer matters
end

-- Whoever waits hears of it. Credentials that were refused are left alone for a while, longer each time.
-- A flight that was taken for dead and comes back all the same has another beside it: what it brings is good, its
-- failure is its own.
local function finish(self, flight, ok, e)
  local present = self.flight == flight
  if not ok and not present then
    return tell(self, flight.own, { e = e })
  end
  self.flight = nil
  if ok then
    self.failure, self.failures, self.refusals, self.refused_until, self.again_at = nil, 0, 0, nil, nil
  else
    self.failure = e
    if type(self.source) == "table" and e.kind ~= "not_sent" then
      self.refusals = self.refusals + 1
      self.refused_until = native.clock() + math.min(2 ^ (self.refusals - 1), BACKOFF_MAX)
    end
  end
  for pending in pairs(self.waiters) do
    tell(self, pending, { ok = ok, e = e })
  end
end

-- He who has most time, of those who still wait.
local function heir_of(self, own)
  local heir
  for pending, deadline in pairs(self.waiters) do
    if pending ~= own and not pending.ready and (not heir or deadline > self.waiters[heir]) then
      heir = pending
    end
  end
  return heir
end

-- The one who fetched has no more time: another goes on.
local function hand_on(self, flight)
  local own = flight.own
  if self.flight == flight then
    self.flight = nil
    local heir = heir_of(self, own)
    if heir then
      tell(self, heir, {})
    end
  end
  if self.waiters[own] then
    tell(self, own, { e = self.failure or self:late(), passing = true })
  end
end

local function pause(flight, seconds)
  flight.ends = native.clock() + seconds + DOUBT
  local pending = loop.submit("sleep", seconds, nil, flight.gone)
  if pending then
    flight.pending = pending
    loop.await(pending)
    flight.pending = nil
  end
  return pending ~= nil
end

-- Seconds until it may be tried again after a failure; who comes new need not wait as long as who has failed.
local function rest_of(self)
  return (self.again_at or 0) - native.clock()
end

local function fetch_on(self, flight, client, deadline, brief)
  local wait = rest_of(self)
  while not flight.over do
    if wait > 0 and (native.clock() + wait >= deadline or not pause(flight, wait)) then
      return hand_on(self, flight)
    elseif flight.over then
      break
    end
    local ok, e, again = ask(self, flight, client, deadline)
    if flight.over and not ok then
      break
    elseif ok or not again then
      return finish(self, flight, ok, e)
    end
    self.failure, self.failures = e, self.failures + 1
    wait = math.min(native.next_retry(self.failures, again > 0 and again or nil), again + MOST)
    self.again_at = native.clock() + math.min(wait, GAP)
    if brief then
      break
    end
  end
  hand_on(self, flight)
end

-- What raises here is no failure of the token's: an interrupt, or an adapter that is at its end.
local function run(self, flight, client, deadline, brief)
  flight.begun, flight.thread, flight.ends = true, protect.running(), native.clock() + DOUBT
  if not flight.detached then
    flight.gone = function() hand_on(self, flight) end  -- his loop was closed, or the collector took it
  end
  local fine, reason = protect.call(fetch_on, self, flight, client, deadline, brief)
  if not fine then
    flight.inside = false
    if flight.pending then
      loop.cancel(flight.pending)
    end
    self.failure = wrong.because("the token could not be fetched", reason, self:secrets())
    hand_on(self, flight)
    if not flight.detached then
      error(reason, 0)
    end
  end
end

-- Whether somebody is fetching who can still come back: he says until when he will have shown a sign of life. Nobody
-- tells us where a coroutine is not resumed any more, and where a host ends coroutines from outside it runs this in
-- one that it does not end, and may not know of that one here.
local function is_fetching(self)
  local flight = self.flight
  if not flight or native.clock() >= flight.ends then
    return false
  end
  return flight.detached or not (flight.thread and coroutine.status(flight.thread) == "dead")
end

--- Whether another than the caller fetches a token, and so many wait for it that the core had better hold what they ask
-- for. Should none come that hears of it but when it is due.
function Auth:is_crowded()
  return self.in_line >= CROWD and is_fetching(self) and self.flight.thread ~= protect.running()
end

local function run_detached(self, flight, ...)
  flight.detached = true
  run(self, flight, ...)
end

local function begin(self, own, ...)
  local flight = { own = own, ends = native.clock() + BEGIN, inside = false }
  self.flight = flight
  if not loop.detach(run_detached, self, flight, ...) then
    run(self, flight, ...)
  end
end

-- End the wait of one caller, and what he asks for himself.
local function halt(self, own)
  local flight = self.flight
  loop.cancel(own)
  if flight and flight.own == own and not flight.detached then
    flight.over = true
    if flight.pending then
      loop.cancel(flight.pending)
    end
  end
end

--- That no token came before a deadline, as an error.
function Auth:late()
  local e = self.failure
  local why = e and e.message and ": " .. e.message or ""
  return err.new("unavailable", { message = "no token came in time" .. why, http = e and e.http })
end

-- Wait for what the one who fetches brings, or be that one: { ok, e, passing } | nil. `caller`: a table, or nil; its
-- `halt()` ends this, `over` says that it is to end.
local function join(self, caller, client, pending, fetching, deadline, brief)
  self.waiters[pending] = deadline
  if caller then
    caller.halt = function() halt(self, pending) end
  end
  if not fetching then
    begin(self, pending, client, deadline, brief)
  end
  loop.await(pending)
  return pending.told
end

local function wait_in_line(self, client, fetching, deadline, brief, caller)
  local pending = loop.submit("sleep", math.max(0, math.min(deadline - native.clock(), DOUBT)))
  if not pending then
    return { e = err.new("not_sent", { message = native.faults.memory }), passing = true }
  end
  self.in_line = self.in_line + 1
  local fine, told = protect.call(join, self, caller, client, pending, fetching, deadline, brief)
  self.in_line, self.waiters[pending] = self.in_line - 1, nil
  if caller then
    caller.halt = nil
  end
  if not fine then
    loop.cancel(pending)
    error(told, 0)
  end
  return told or {}
end

-- true | nil, err, whether it may pass
local function fetch(self, client, deadline, brief, caller)
  while true do
    local fetching = is_fetching(self)
    if fetching and self.flight.begun and self.flight.thread == protect.running() then
      if self.flight.inside then
        return wrong.token("the token function used the client that it is to give a token to")
      end
      self.flight, fetching = nil, false  -- ours was broken off, without the memory to end it
    end
    if self.refused_until and native.clock() < self.refused_until then
      return nil, self.failure
    elseif native.clock() > deadline or caller and caller.over then
      return nil, self:late(), true
    end
    local told = wait_in_line(self, client, fetching, deadline, brief, caller)
    if told.ok then
      return true
    elseif told.e then
      return nil, told.e, told.passing
    end
  end
end

--- What must not be told: the token, and the one before, with which something may still be in flight.
function Auth:secrets()
  local given = type(self.source) == "string" and self.source or nil  -- a secret before its first use too
  local list = { self.secret or given, self.former }
  if type(self.source) == "table" then
    self.source:secrets(list)
  end
  return list
end

local function is_usable(self, now)
  return self.serial > 0 and not (self.ends_at and now >= self.ends_at)
end

-- What is held for want of a token is told that there will be none, if that is so.
local function give_up(self, ok, passing)
  if not ok and not passing then
    self.account:token(false)
  end
end

-- Until when one who could go on with the present token may wait for another.
local function brief_deadline(self, now, deadline)
  return math.min(now + (deadline - now) / 2, now + BRIEF, self.ends_at or math.huge)
end

--- See that a token is set that will hold for a while. One that is soon to end serves until it does.
-- @param deadline  native.clock() until which it may be waited for, or nil, here and below: for LONG
-- @param caller    a table, or nil: its `halt()`, while there is one, ends this, where `over` is set
-- @return true | nil, err
function Auth:ensure(client, deadline, caller)
  if self.serial > 0 and (not self.ends_at or type(self.source) == "string") then
    return true
  elseif type(self.source) == "string" then
    return set(self, self.source)
  end
  local now = native.clock()
  deadline = deadline or now + LONG
  if not is_usable(self, now) then
    local ok, e, passing = fetch(self, client, deadline, false, caller)
    give_up(self, ok, passing)
    return ok, e
  elseif self.stale_at and now >= self.stale_at and rest_of(self) <= 0 and not is_fetching(self) then
    fetch(self, client, brief_deadline(self, now, deadline), true, caller)
    if not is_usable(self, native.clock()) then
      return self:ensure(client, deadline, caller)
    end
  end
  return true
end

-- The token was refused. Where one after the other is, they are not asked for in one go, and what is held is told, so
-- that it waits for the next one here: else each few that go out would find out for themselves.
local function refuse(self)
  local now = native.clock()
  if self.refused_at and now - self.refused_at < STORM then
    self.account:token(false)
  end
  self.refused, self.refused_at, self.stale_at, self.ends_at = self.secret, now, 0, 0
  self.again_at = self.set_at and self.set_at + GAP
end

-- It will not be used again. What the core holds is to hear of it: one is told, and asks for
-- another token in his own time.
local function drop(self)
  if self.account:token(self.secret, 0, 0) then
    self.serial = self.serial + 1
  end
end

--- After a 401: another token than that of `serial`, if there is one.
-- @param serial  nil: it was never sent, because there was to be none
-- @return true | nil, err where there was a way to get one
function Auth:renew(client, serial, deadline, caller)
  local is_text = type(self.source) == "string"
  if serial and self.serial ~= serial or not (serial or is_text) and is_usable(self, native.clock()) then
    return true
  end
  local ok, e, passing
  if not is_text then
    if serial then
      refuse(self)
    end
    ok, e, passing = fetch(self, client, deadline or native.clock() + LONG, false, caller)
    if passing and self.serial == serial then
      drop(self)
    end
  end
  give_up(self, ok, passing)
  return ok, e
end

--- The token of `serial` is about to end, or has: replace it. While it lives nothing is lost where that fails.
-- @param brief  true: the caller can go on with the present one while it lives
-- @return true | nil, err where there will be none
function Auth:refresh(client, serial, deadline, brief, caller)
  if self.serial ~= serial or type(self.source) == "string" then
    return true
  end
  local now = native.clock()
  local usable = is_usable(self, now)
  deadline = deadline or now + LONG
  if usable then
    deadline = brief and brief_deadline(self, now, deadline) or math.min(deadline, self.ends_at or deadline)
  end
  local ok, e, passing = fetch(self, client, deadline, usable and brief, caller)
  if ok or passing or is_usable(self, native.clock()) then
    return true
  end
  give_up(self)
  return nil, e
end

--- The token of `serial` was refused although it is new: what is held is told, the next who needs one fetches it.
function Auth:reject(serial)
  if serial ~= self.serial then
    return  -- there is a newer one, or it was not sent with any
  end
  refuse(self)
  self.account:token(false)
end

return auth

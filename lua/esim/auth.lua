--- The token of an account: given once, or fetched, once for all who need it.
-- Whoever comes first fetches, in his own coroutine; the others wait for what he brings, each until his own deadline.

local err = require "esim.err"
local log = require "esim.log"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"

local auth = {}

local BEGIN = 1       -- seconds in which a coroutine of the host's has begun, or never will
local DOUBT = 5       -- seconds after which who waits looks whether the one who fetches is still there
local FRESH = 0.9     -- of its life: when a token is replaced
local LEAST = 1       -- seconds for which a new token is used, however short its life is said to be
local BACKOFF_MAX = 60  -- seconds that credentials which were refused are not tried again

local Auth = {}
Auth.__index = Auth

--- @param account  of the core
-- @param source    text; function(client) returning token, lifetime in seconds (which may wait); or credentials,
--   whose fetch(self, want) returns token, lifetime, its age | nil, err, seconds before it may be tried again (nil: it
--   is final)
-- @param told      log of the client, or nil
function auth.new(account, source, told)
  return setmetatable({
    account = account, source = source, log = told, serial = 0, waiters = {}, failures = 0, refusals = 0,
  }, Auth)
end

local function failure(message)
  return nil, err.new("unauthorised", { message = message })
end

local function is_life(lifetime)
  return type(lifetime) == "number" and lifetime >= 0 and lifetime < math.huge
end

-- `asked`: native.clock() before the token was asked for, from which its life is counted.
local function set(self, token, lifetime, asked)
  if type(token) ~= "string" then
    return failure("the token is no text but a " .. type(token))
  end
  local stale_at = is_life(lifetime) and asked + FRESH * lifetime or nil
  local ends_at = is_life(lifetime) and asked + lifetime or nil
  local now = native.clock()
  local ok, fault = self.account:token(token, stale_at and math.max(0, stale_at - now),
    ends_at and math.max(0, asked + math.max(lifetime, LEAST) - now))
  if fault == "memory" then
    return nil, err.new("not_sent", { message = native.faults.memory })
  elseif not ok then
    return failure("the token is empty or holds what a header must not")
  end
  self.serial = self.serial + 1
  self.former, self.secret = self.secret, token
  self.stale_at, self.ends_at = stale_at, ends_at
  return true
end

-- What the user's function raised or returned, as an error that does not tell a token that we know of.
local function because(self, what, reason)
  if err.is(reason) then
    return reason
  elseif reason == protect.NO_MEMORY then
    return err.new("not_sent", { message = native.faults.memory })
  end
  local known, text = pcall(tostring, reason)
  local why = reason == nil and "" or ": " .. (known and err.redact(text, self:secrets()) or "an error without words")
  return err.new("unauthorised", { message = what .. why })
end

local function ask_function(self, client)
  local asked = native.clock()
  local ok, token, lifetime = protect.call(self.source, client)
  if not ok then
    return nil, because(self, "the token function failed", token)
  elseif not token then
    return nil, because(self, "the token function gave no token", lifetime)
  end
  return set(self, token, lifetime, asked)
end

local function ask_credentials(self, deadline)
  local asked = native.clock()
  local ok, token, lifetime, more = protect.call(self.source.fetch, self.source, {
    refused = self.refused, seconds = math.max(0, deadline - asked), log = self.log,
  })
  if not ok then
    return nil, because(self, "the token could not be fetched", token)
  elseif not token then
    return nil, lifetime, more
  end
  return set(self, token, lifetime, asked - (more or 0))
end

-- One try: true | nil, err, and where it may pass the seconds before it may be tried again.
local function ask(self, client, deadline)
  if type(self.source) == "function" then
    return log.token(self.log, ask_function, self, client)
  end
  return ask_credentials(self, deadline)
end

local function tell(self, pending, outcome)
  self.waiters[pending] = nil
  pending.told = outcome
  loop.settle(pending, nil, {})
  loop.cancel(pending)  -- its time no longer matters
end

-- Whoever waits hears of it. Credentials that were refused are left alone for a while, longer each time.
local function finish(self, ok, e)
  self.fetching, self.fetcher = false, nil
  if ok then
    self.failure, self.failures, self.refusals, self.refused_until = nil, 0, 0, nil
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

-- The one who fetched has no more time: he who has most goes on.
local function hand_on(self, own)
  self.fetching, self.fetcher = false, nil
  local heir
  for pending, deadline in pairs(self.waiters) do
    if pending ~= own and (not heir or deadline > self.waiters[heir]) then
      heir = pending
    end
  end
  if heir then
    tell(self, heir, {})
  end
  if self.waiters[own] then
    tell(self, own, { e = self.failure, passing = true })
  end
end

local function pause(seconds)
  local pending = loop.submit("sleep", seconds)
  if pending then
    loop.await(pending)
  end
  return pending ~= nil
end

local function work(self, detached, client, own, deadline)
  self.fetching, self.begun, self.detached, self.fetcher = true, true, detached, protect.running()
  while true do
    local ok, e, again = ask(self, client, deadline)
    if ok or not again then
      return finish(self, ok, e)
    end
    self.failure, self.failures = e, self.failures + 1
    local wait = native.next_retry(self.failures, again > 0 and again or nil)
    if native.clock() + wait >= deadline or not pause(wait) then
      return hand_on(self, own)
    end
  end
end

-- Where it is broken off, by an interrupt or for want of memory, the next one fetches.
local function run(self, detached, client, own, deadline)
  local ok, e = protect.call(work, self, detached, client, own, deadline)
  if not ok then
    self.fetching = false
    self.waiters[own] = nil
    error(e, 0)
  end
end

-- Whether somebody is fetching who can still come back. A host that ends coroutines from outside runs it in one that
-- it does not end, and may not know of that one here; until that has begun there is none.
local function is_fetching(self)
  if not self.fetching or self.detached then
    return self.fetching
  elseif not self.begun then
    return native.clock() - self.since < BEGIN
  end
  return not (self.fetcher and coroutine.status(self.fetcher) == "dead")
end

local function run_detached(self, ...)
  run(self, true, ...)
end

local function begin(self, ...)
  self.fetching, self.begun, self.detached, self.since = true, false, false, native.clock()
  if not loop.detach(run_detached, self, ...) then
    run(self, false, ...)
  end
end

--- That no token came before a deadline, as an error.
function Auth:late()
  local e = self.failure
  local why = e and e.message and ": " .. e.message or ""
  return err.new("unavailable", { message = "no token came in time" .. why, http = e and e.http })
end

-- true | nil, err, whether it may pass
local function fetch(self, client, deadline)
  while true do
    local left = deadline - native.clock()
    local fetching = is_fetching(self)
    if fetching and self.begun and self.fetcher == protect.running() then
      return failure("the token function used the client that it is to give a token to")
    elseif self.refused_until and native.clock() < self.refused_until then
      return nil, self.failure
    elseif left < 0 then
      return nil, self:late(), true
    end
    local pending = loop.submit("sleep", math.min(left, DOUBT))
    if not pending then
      return nil, err.new("not_sent", { message = native.faults.memory }), true
    end
    self.waiters[pending] = deadline
    if not fetching then
      begin(self, client, pending, deadline)
    end
    loop.await(pending)
    self.waiters[pending] = nil
    local told = pending.told
    if told and told.ok then
      return true
    elseif told and told.e then
      return nil, told.e, told.passing
    end
  end
end

--- What must not be told: the token, and the one before, with which something may still be in flight.
function Auth:secrets()
  local list = { self.secret, self.former }
  if type(self.source) == "table" then
    self.source:secrets(list)
  end
  return list
end

local function is_usable(self, now)
  return self.serial > 0 and not (self.ends_at and now >= self.ends_at)
end

--- See that a token is set that will hold for a while. One that is soon to end serves until it does.
-- @param deadline  native.clock() until which it may be waited for
-- @return true | nil, err
function Auth:ensure(client, deadline)
  local now = native.clock()
  if type(self.source) == "string" then
    if self.serial > 0 then
      return true
    end
    return set(self, self.source)
  elseif not is_usable(self, now) then
    local ok, e = fetch(self, client, deadline)
    return ok, e
  elseif self.stale_at and now >= self.stale_at and not is_fetching(self) then
    fetch(self, client, math.min(deadline, self.ends_at))
    if not is_usable(self, native.clock()) then
      return self:ensure(client, deadline)
    end
  end
  return true
end

-- What is held for want of a token is told that there will be none, if that is so.
local function give_up(self, ok, passing)
  if not ok and not passing then
    self.account:token(false)
  end
end

--- After a 401: another token than that of `serial`, if there is one.
-- @param serial  nil: it was never sent, because there was to be none
-- @return true | nil, err where there was a way to get one
function Auth:renew(client, serial, deadline)
  if serial and self.serial ~= serial then
    return true
  end
  local ok, e, passing
  if type(self.source) ~= "string" then
    self.refused = self.secret
    ok, e, passing = fetch(self, client, deadline)
  end
  give_up(self, ok, passing)
  return ok, e
end

--- The token of `serial` is about to end, or has: replace it. While it lives nothing is lost where that fails.
function Auth:refresh(client, serial, deadline)
  if self.serial ~= serial or type(self.source) == "string" then
    return
  end
  local usable = is_usable(self, native.clock())
  local ok, _, passing = fetch(self, client, usable and math.min(deadline, self.ends_at or deadline) or deadline)
  if not is_usable(self, native.clock()) then
    give_up(self, ok, passing)
  end
end

--- The token was refused although it is new: what is held is told, the next who needs one fetches it.
function Auth:reject()
  self.refused = self.secret
  self.stale_at, self.ends_at = 0, 0
  self.account:token(false)
end

return auth

--- The token of an account: given once, or fetched by a function, once for all who need it.

local err = require "esim.err"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"

local auth = {}

local BEGIN = 1  -- seconds in which a coroutine of the host's has begun, or never will

local Auth = {}
Auth.__index = Auth

--- @param account  of the core
-- @param token     text, or function(client) returning token, lifetime in seconds (which may wait)
function auth.new(account, token)
  return setmetatable({ account = account, source = token, serial = 0, waiters = {} }, Auth)
end

local function failure(message)
  return nil, err.new("unauthorised", { message = message })
end

local function set(self, token, lifetime)
  if type(token) ~= "string" then
    return failure("the token is no text but a " .. type(token))
  end
  local ok, fault = self.account:token(token)
  if fault == "memory" then
    return nil, err.new("not_sent", { message = native.faults.memory })
  elseif not ok then
    return failure("the token is empty or holds what a header must not")
  end
  self.serial = self.serial + 1
  self.former, self.secret = self.secret, token
  self.stale_at = type(lifetime) == "number" and native.clock() + 0.9 * lifetime or nil
  return true
end

local function finish(self, ok, e)
  self.fetching, self.fetcher = false, nil
  local waiters = self.waiters
  self.waiters = {}
  for _, pending in ipairs(waiters) do
    loop.settle(pending, not ok and e or nil, {})
  end
  return ok, e
end

-- What the user's function raised or returned, as an error that does not tell a token that we know of.
local function because(self, what, reason)
  if err.is(reason) then
    return reason
  end
  local known, text = pcall(tostring, reason)
  local why = reason == nil and "" or ": " .. (known and err.redact(text, self:secrets()) or "an error without words")
  return err.new("unauthorised", { message = what .. why })
end

local function run(self, client)
  self.fetching, self.begun, self.fetcher = true, true, protect.running()
  local ok, token, lifetime = protect.call(self.source, client)
  if not ok then
    return finish(self, nil, because(self, "the token function failed", token))
  elseif not token then
    return finish(self, nil, because(self, "the token function gave no token", lifetime))
  end
  return finish(self, set(self, token, lifetime))
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

local function run_detached(self, client)
  self.detached = true
  run(self, client)
end

local function begin(self, client)
  self.fetching, self.begun, self.detached, self.since = true, false, false, native.clock()
  if not loop.detach(run_detached, self, client) then
    run(self, client)
  end
end

local function fetch(self, client)
  local fetching = is_fetching(self)
  if fetching and self.begun and self.fetcher == protect.running() then
    return failure("the token function used the client that it is to give a token to")
  end
  local pending = loop.pending()
  self.waiters[#self.waiters + 1] = pending
  if not fetching then
    begin(self, client)
  end
  local e = loop.await(pending)
  return not e or nil, e
end

--- What must not be told: the token, and the one before, with which something may still be in flight.
function Auth:secrets()
  return { self.secret, self.former }
end

--- See that a token is set that will hold for a while.
-- @return true | nil, err
function Auth:ensure(client)
  if type(self.source) == "string" then
    if self.serial > 0 then
      return true
    end
    return set(self, self.source)
  elseif self.serial == 0 or (self.stale_at and native.clock() >= self.stale_at) then
    return fetch(self, client)
  end
  return true
end

--- After a 401: another token than that of `serial`, if there is one.
-- @return true | nil, err
function Auth:renew(client, serial)
  if self.serial ~= serial then
    return true
  end
  local ok, e
  if type(self.source) == "function" then
    ok, e = fetch(self, client)
  end
  if not ok then
    self.account:token(false)
  end
  return ok, e
end

--- The token was refused although it is new: what is held is told, the next who needs one fetches it.
function Auth:reject()
  self.stale_at = 0
  self.account:token(false)
end

return auth

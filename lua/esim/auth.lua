--- The token of an account: given once, or fetched by a function, once for all who need it.

local err = require "esim.err"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"

local auth = {}

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
    return failure("no token was given")
  end
  local ok, fault = self.account:token(token)
  if fault == "memory" then
    return nil, err.new("not_sent", { message = native.faults.memory })
  elseif not ok then
    return failure("the token holds what a header must not")
  end
  self.serial = self.serial + 1
  self.secret = token
  self.stale_at = type(lifetime) == "number" and native.clock() + 0.9 * lifetime or nil
  return true
end

local function finish(self, ok, e)
  self.fetching = false
  local waiters = self.waiters
  self.waiters = {}
  for _, pending in ipairs(waiters) do
    loop.settle(pending, not ok and e or nil, {})
  end
  return ok, e
end

local function run(self, client)
  self.fetching = true
  local ok, token, lifetime = protect.call(self.source, client)
  if not ok then
    return finish(self, nil, err.is(token) and token
      or err.new("unauthorised", { message = "the token function failed: " .. err.redact(tostring(token)) }))
  elseif token == nil then
    return finish(self, nil, err.is(lifetime) and lifetime
      or err.new("unauthorised", { message = "the token function gave no token" }))
  end
  return finish(self, set(self, token, lifetime))
end

local function fetch(self, client)
  if not self.fetching then
    return run(self, client)
  end
  local pending = loop.pending()
  self.waiters[#self.waiters + 1] = pending
  local e = loop.await(pending)
  return not e or nil, e
end

--- See that a token is set that will hold for a while.
-- @return true | nil, err
function Auth:ensure(client)
  if type(self.source) == "string" and self.serial == 0 then
    return set(self, self.source)
  elseif type(self.source) == "string" then
    return true
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

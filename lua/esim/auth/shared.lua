--- One token for all processes of a host, such as nginx's workers: whoever holds the lock asks, the others find it.

local err = require "esim.err"
local json = require "esim.json"
local loop = require "esim.loop"
local native = require "esim.native"

local shared = {}

local NAP = 0.02        -- seconds between two looks for what another asks for
local LEASE = 15        -- seconds after which who holds the lock is taken for dead: more than one request may take
local NEWS = 1          -- seconds for which a refusal is every process's
local FRESH = 0.9       -- of its life: when a token is no longer taken from here
local FOREVER = 86400   -- seconds that a token without a known life is kept

local LOCK, REFUSED = "\nlock", "\nrefused"

local Pool = {}
Pool.__index = Pool

--- @param store  of the host, see loop.store
-- @param ...    what the token depends on: texts or nil, none of them secret
function shared.new(store, url, client_id, scope)
  return setmetatable({
    store = store, key = table.concat({ "esim.token", url, client_id, scope or "" }, "\n"),
  }, Pool)
end

local function read(self, what)
  local text = self.store.get(self.key .. what)
  return text and json.decode(text) or nil
end

local function write(self, what, value, seconds)
  local text = json.encode(value)
  if text then
    self.store.set(self.key .. what, text, seconds)
  end
end

-- A token of another's that is fresh and not the one refused: token, its life, its age.
local function find(self, refused)
  local entry = read(self, "")
  if not entry or entry.token == refused then
    return nil
  elseif not entry.life then
    return entry.token
  end
  local age = self.store.now() - entry.asked
  if age < 0 or age >= FRESH * entry.life then
    return nil
  end
  return entry.token, entry.life, age
end

local function refusal(self)
  local news = read(self, REFUSED)
  return news and err.new("unauthorised", news)
end

-- Where we hold the lock: ask, and leave what comes for the others. It may have come just before.
local function fetch_for_all(self, refused, seconds, ask)
  local token, life, age = find(self, refused)
  if token then
    self.store.delete(self.key .. LOCK)
    return token, life, age
  end
  local asked = self.store.now()
  local again
  token, life, again = ask(seconds)
  if token then
    write(self, "", { token = token, life = life, asked = asked }, life or FOREVER)
  elseif not again then
    write(self, REFUSED, { http = life.http, type = life.type, messages = life.messages, message = life.message },
      NEWS)
  end
  self.store.delete(self.key .. LOCK)
  return token, life, again or token and 0 or nil
end

--- @param want  refused, seconds: see credentials.lua
-- @param ask   function(seconds) returning token, lifetime | nil, err, seconds before it may be tried again
-- @return token, lifetime, its age in seconds | nil, err, seconds before it may be tried again (nil: it is final)
function Pool:fetch(want, ask)
  local deadline = native.clock() + want.seconds
  while true do
    local token, life, age = find(self, want.refused)
    local e = not token and refusal(self) or nil
    if token then
      return token, life, age
    elseif e then
      return nil, e
    elseif self.store.add(self.key .. LOCK, "1", LEASE) then
      return fetch_for_all(self, want.refused, math.max(0, deadline - native.clock()), ask)
    elseif native.clock() >= deadline then
      return nil, err.new("unavailable", { message = "another process asks for the token, and has not come back" }), 0
    end
    local pending = loop.submit("sleep", NAP)
    if not pending then
      return nil, err.new("unavailable", { message = native.faults.memory }), 0
    end
    loop.await(pending)
  end
end

return shared

--- One token for all processes of a host, such as nginx's workers: whoever holds the lock asks, the others find it.

local err = require "esim.err"
local json = require "esim.json"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"

local shared = {}

local NAP = 0.02        -- seconds between two looks for what another asks for
local LEASE = 15        -- seconds after which who holds the lock is taken for dead: more than one request may take
local SIGN = 5          -- seconds after a nap in which we go on, or are dead
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

-- The monotonic clock is the machine's: the same for all its processes, unlike what nginx takes for the time.
local now = native.clock

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
    return entry.token, nil, 0
  end
  local age = now() - entry.asked
  if age < 0 or age >= FRESH * entry.life then
    return nil
  end
  return entry.token, entry.life, age
end

local function refusal(self)
  local news = read(self, REFUSED)
  return news and err.new("unauthorised", news)
end

-- It is ours to give back while it is ours; after its LEASE another may have it.
local function unlock(self, mark)
  if self.store.get(self.key .. LOCK) == mark then
    self.store.delete(self.key .. LOCK)
  end
end

-- Who holds it may be dead.
local function lock(self, mark)
  local holder = self.store.get(self.key .. LOCK)
  local process = holder and tonumber(holder:match("^%d+"))
  if process and not self.store.alive(process) then
    unlock(self, holder)
  end
  return self.store.add(self.key .. LOCK, mark, LEASE)
end

-- Where we hold the lock: ask, and leave what comes for the others. It may have come just before.
local function fetch_for_all(self, refused, seconds, ask)
  local token, life, more = find(self, refused)
  if token then
    return token, life, more
  end
  token, life, more = ask(seconds)
  if token then
    write(self, "", { token = token, life = life, asked = now() - more }, life or FOREVER)
  elseif not more then
    write(self, REFUSED, { http = life.http, type = life.type, messages = life.messages, message = life.message },
      NEWS)
  end
  return token, life, more
end

local function fetch_locked(self, mark, ...)
  local fine, token, life, more = protect.call(fetch_for_all, self, ...)
  unlock(self, mark)
  if not fine then
    error(token, 0)
  end
  return token, life, more
end

--- @param want  refused, seconds: see credentials.lua
-- @param ask   function(seconds) returning token, lifetime, age | nil, err, seconds before it may be tried again
-- @return token, lifetime, its age in seconds | nil, err, seconds before it may be tried again (nil: it is final)
function Pool:fetch(want, ask)
  local deadline, mark = now() + want.seconds, ("%d %.9f"):format(self.store.process(), now())
  while true do
    local token, life, age = find(self, want.refused)
    local e = not token and refusal(self) or nil
    if token then
      return token, life, age
    elseif e then
      return nil, e
    elseif lock(self, mark) then
      return fetch_locked(self, mark, want.refused, math.max(0, deadline - now()), ask)
    elseif now() >= deadline or want.over then
      return nil, err.new("unavailable", { message = "another process asks for the token, and has not come back" }), 0
    end
    local pending = loop.submit("sleep", NAP)
    if not pending then
      return nil, err.new("unavailable", { message = native.faults.memory }), 0
    end
    want.ends = now() + NAP + SIGN
    loop.await(pending)
  end
end

return shared

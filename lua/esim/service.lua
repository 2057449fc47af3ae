--- What the modules that speak to the provider need of a client, without the client's secrets in reach.

local experience = require "esim.experience"
local loop = require "esim.loop"
local native = require "esim.native"

local service = {}

--- The headers of every request (the provider's "Getting a new eSIM"): its account's.
service.HEADERS = { "Accept: application/json", "Cache-Control: no-cache", "Content-Type: application/json" }

--- What the provider knows a request by, `correlation_id`, follows this in a header of its own.
service.CORRELATION = "X-Correlation-ID: "

local inner = setmetatable({}, { __mode = "k" })

local Service = {}
Service.__index = Service

--- @param fields  client, url, account (of the core), auth, rate (requests a second, or nil), log (log.lua, or nil),
--   timeout (seconds for one exchange), api (the dialect, see esim.api)
function service.new(fields)
  local self = setmetatable({ url = fields.url, log = fields.log, timeout = fields.timeout, api = fields.api }, Service)
  inner[self] = fields
  return self
end

--- See that a token is set that will hold for a while.
-- @param deadline  native.clock() until which it may be waited for, or nil
-- @param caller    see auth.lua, or nil
-- @return true | nil, err
function Service:ensure(deadline, caller)
  local mine = inner[self]
  return mine.auth:ensure(mine.client, deadline, caller)
end

--- Whether many wait already for a token that another fetches. What is submitted meanwhile is held until there is one.
function Service:is_crowded()
  return inner[self].auth:is_crowded()
end

--- After a 401: another token than that of `serial`.
-- @return true | nil, and err where there was a way to get one
function Service:renew(serial, deadline, caller)
  local mine = inner[self]
  return mine.auth:renew(mine.client, serial, deadline, caller)
end

--- The token of `serial` is about to end, or has: the core asks one to see to it.
-- @param brief  true: it can go on with the present one while that lives
-- @return true | nil, err where there will be none
function Service:refresh(serial, deadline, brief, caller)
  local mine = inner[self]
  return mine.auth:refresh(mine.client, serial, deadline, brief, caller)
end

--- The token of `serial` was refused although it is new.
function Service:reject(serial)
  inner[self].auth:reject(serial)
end

--- Where work was held until its deadline for want of a token, the error that says so.
-- @return err | nil
function Service:tokenless(fault, got)
  return fault == "deadline" and got.http == 401 and not got.sent and inner[self].auth:late() or nil
end

--- What must not be told.
function Service:secrets()
  return inner[self].auth:secrets()
end

-- See to what goes out with all work of this client's account.
local function dress(self, mine, spec)
  if mine.rate then
    mine.account:rate(loop.share(mine.rate))  -- not before the host's processes are what they will be
    mine.rate = nil
  end
  if self.log then
    spec.tag, spec.about = self.log.tag, spec.correlation_id
  end
  spec.submitted = true
end

--- Submit work of this client's account, see loop.submit.
function Service:submit(kind, spec, left, pending)
  local mine = inner[self]
  dress(self, mine, spec)
  return loop.submit(kind, mine.account, spec, left, pending)
end

--- What the account's orders took, see esim.experience.
function Service:save_experience()
  return experience.write(inner[self].account, self:secrets())
end

function Service:load_experience(text)
  return experience.read(inner[self].account, text)
end

-- One answer of a poll, which may have to see to the token first, and goes on: fault, answer, or err of a token.
local function answer_of(self, pending, limit)
  local fault, got = loop.await(pending)
  while not fault and got.stale do
    local ok, e = self:refresh(got.serial, limit)
    if not ok then
      return nil, nil, e
    end
    loop.again(pending)
    fault, got = loop.await(pending)
  end
  return fault, got
end

local function look(self, account, spec, left, limit)
  local pending, fault = loop.submit("poll", account, spec, left)
  if not pending then
    return fault, { sent = false }
  end
  local got, e
  fault, got, e = answer_of(self, pending, limit)
  if not fault then
    loop.cancel(pending)  -- it was asked for one answer
  end
  return fault, got, e
end

local function try(self, mine, kind, spec, left, limit)
  dress(self, mine, spec)
  if kind == "poll" then
    return look(self, mine.account, spec, left, limit)
  end
  return loop.exchange(kind, mine.account, spec, left)
end

-- After a 401, once: true where there is a new token; else false, and err where there was a way to get one.
local function meet_401(self, got, limit, refused)
  if refused then
    self:reject(got.serial)
    return false
  end
  return self:renew(got.serial, limit)
end

--- One exchange; a 401 is met once with a new token, since it refused the first try.
-- @param kind  "request", "order" (never sent twice), or "poll" (until spec.deadline tried again where it fails in
--   passing)
-- @param spec  see csrc/bind/inbox.c; `deadline` in seconds counts the wait for a token too
-- @param left  who is given the outcome where the caller is gone, or nil
-- @return fault | nil, answer; or nil, nil, err of a token that cannot be had
function Service:exchange(kind, spec, left)
  local mine = inner[self]
  local limit, refused = spec.deadline and native.clock() + spec.deadline, false
  local process = kind == "order" and native.process()
  while true do
    local ok, e = mine.auth:ensure(mine.client, limit)
    if not ok then
      return nil, nil, e
    elseif process and native.process() ~= process then
      return "forked", { sent = false }  -- it is the parent's: he sends it
    end
    spec.deadline = limit and math.max(0, limit - native.clock()) or nil  -- `spec` may be another's too
    if refused or spec.again then
      spec.attempt, spec.again = refused and 2 or 1, refused and "401" or nil
    end
    local fault, got
    fault, got, e = try(self, mine, kind, spec, left, limit)
    if fault then
      e = self:tokenless(fault, got)
    end
    if e then
      return nil, nil, e
    elseif not fault and got.stale then  -- it was not sent: the token has ended, or is about to
      self:refresh(got.serial, limit, true)
    elseif fault or got.http ~= 401 then
      return fault, got
    else
      ok, e = meet_401(self, got, limit, refused)
      refused = true
      if e then
        return nil, nil, e
      elseif not ok then
        return fault, got
      end
    end
  end
end

return service

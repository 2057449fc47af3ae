--- Work in flight, and the ways to wait for it.
-- One inbox in a Lua state; what comes back is handed to the pending it belongs to, and
-- whoever waits for that is woken in the way of its host (esim.loop.blocking says what a host is).

local blocking = require "esim.loop.blocking"
local err = require "esim.err"
local native = require "esim.native"
local protect = require "esim.protect"

local loop = {}

local inbox            -- made at first use: nothing happens at require
local pendings = {}    -- by the place in their number, see `find`
local in_flight = 0
local forks = 0        -- how often this process was found to be a child
local recorded = 0     -- of these, with a tag: records of their exchanges come
local tagged = false   -- whether there ever was one
local hooks = setmetatable({}, { __mode = "v" })  -- who is given records, by tag
local failed = setmetatable({}, { __mode = "k" }) -- hooks that raised, which was told
local missed = 0       -- records that there was no memory to give to a hook: the next one tells
local about = { {}, {}, turned = 0 }  -- of what was cancelled, by number, of late and before: records may come yet
local kept = {}        -- pendings whose outcome must not be lost, until somebody took it
local adapter          -- of esim.use: the user's own
local host             -- the recognised one, or that of esim.use
local scheduler        -- of task.lua: is the caller one of our tasks?
local guarded = false  -- whether a hook runs, which must not wait

local PLACES = 16777216  -- a number is a generation times that and a place, see csrc/core/inbox.c
local LATE = 10        -- seconds in which that record has come: nobody pumped, or the engine has done its lap

local Pending = {}
Pending.__index = Pending

--- Whether the outcome is there. For schedulers of the user's own.
function Pending:done()
  return self.ready
end

--- The state's inbox. Specs hand in one of their own.
-- @param replacement  an inbox, or nil
function loop.inbox(replacement)
  inbox = replacement or inbox or native.inbox()
  return inbox
end

--- Forget everything that was in flight: for specs.
function loop.reset(replacement)
  pendings, in_flight, recorded, inbox, adapter, host, kept = {}, 0, 0, replacement, nil, nil, {}
end

local function is_nginx()
  local ngx = rawget(_G, "ngx") or package.loaded.ngx
  return type(ngx) == "table" and type(ngx.config) == "table" and ngx.config.subsystem ~= nil
end

local HOSTS = {
  blocking = function() return blocking end,
  nginx = function() return is_nginx() and require "esim.loop.nginx" or nil end,
}

--- The host loop: what esim.use named, or what is recognised.
function loop.host()
  if not host then
    host = HOSTS.nginx() or blocking
  end
  return adapter or host
end

--- Give a pending its outcome and wake who waits for it. Its fields are there from its making: setting them takes no
-- memory, for what was taken out of the inbox must not be lost for want of it.
local function settle(pending, fault, answer)
  pending.ready, pending.fault, pending.answer = true, fault or false, answer
  if pending.wake then
    pending.wake(pending)
  end
end

--- A pending that something in Lua settles, with `loop.settle`.
function loop.pending()
  return setmetatable({ ready = false, fault = false, answer = false }, Pending)
end

loop.settle = settle

-- By the whole number the table, once it is just full, would be laid out anew for each: the inbox fills a place again
-- as soon as it is free, under another number.
local function find(id)
  local pending = pendings[id % PLACES]
  return pending and pending.id == id and pending or nil
end

local function enlist(pending)
  pendings[pending.id % PLACES] = pending
  in_flight = in_flight + 1
  if pending.tag then
    recorded = recorded + 1
  end
end

local function strike(pending)
  pendings[pending.id % PLACES] = nil
  in_flight = in_flight - 1
  if pending.tag then
    recorded = recorded - 1
  end
end

-- Records of what is cancelled on the wire come after it is struck.
local function remember(pending)
  local now = native.clock()
  if now - about.turned > LATE then
    about[1], about[2], about.turned = {}, about[1], now
  end
  about[1][pending.id] = pending.about
end

local function about_of(id)
  local pending = find(id)
  return pending and pending.about or about[1][id] or about[2][id]
end

-- The process forked: what was in flight is the parent's.
local function lose_all()
  local lost = pendings
  forks = forks + 1
  pendings, in_flight, recorded = {}, 0, 0
  for _, pending in pairs(lost) do
    settle(pending, "forked", { sent = true })
  end
end

local function hand(hook, record, dropped)
  if dropped > 0 then
    record.dropped = dropped
  end
  hook(record, about_of(record.id))
end

local function tell_failed(hook, reason)
  if not failed[hook] then
    failed[hook] = true
    loop.tell("esim: a log hook failed: " .. (type(reason) == "string" and err.redact(reason) or type(reason)))
  end
end

-- A hook that raises is told once, and goes on being called. `dropped`: those before this one, of which none told yet.
local function give(record, dropped)
  local hook = hooks[record.tag]
  if not hook then
    missed = dropped
    return
  end
  local ok, reason = pcall(hand, hook, record, dropped)
  if ok or reason ~= protect.NO_MEMORY then
    missed = 0
  end
  if not ok then
    tell_failed(hook, reason)
  end
end

-- A record counts as missed until it was given: anything in between may find no memory.
local function hear(box)
  local record = box:record()
  while record do
    local dropped = missed + (record.dropped or 0)
    missed = dropped + 1
    give(record, dropped)
    record = box:record()
  end
end

--- Take what the inbox holds; never waits. Records are given to their hooks before the outcome of what they are of.
-- @param most  how many pendings to settle, or nil: all that came back
-- @return how many were
function loop.pump(most)
  local box, count = loop.inbox(), 0
  while not most or count < most do
    local id, fault, answer = box:take()
    if tagged or id == nil then
      pcall(hear, box)  -- what was taken must not be lost for want of memory for a record
    end
    if id == nil then
      return count
    elseif id == false then
      lose_all()
    else
      local pending = find(id)
      if pending then
        if not (pending.kind == "poll" and fault == nil) then
          strike(pending)
        end
        settle(pending, fault, answer)
        count = count + 1
      else
        box:cancel(id)  -- a poll that there was no memory to know of would stay for ever
      end
    end
  end
  return count
end

local function take_up(pending)
  local submitted = loop.host().submitted
  enlist(pending)
  if pending.left then
    kept[pending] = true
  end
  if submitted then
    submitted(pending)
  end
end

--- Submit work.
-- @param kind     "request", "order", "poll" or "sleep"
-- @param account  account of the core; for a sleep the seconds
-- @param spec     what to do, see csrc/bind/inbox.c; where its account has records `tag`, that of their hook, and
--   `about`, what it is given beside each
-- @param left     function(fault, answer), or nil: is given the outcome where the one who waited for it is gone
-- @return pending | nil, fault
function loop.submit(kind, account, spec, left)
  local box = loop.inbox()
  local tag, matter = spec and spec.tag, spec and spec.about
  local pending = setmetatable({
    id = false, kind = kind, ready = false, fault = false, answer = false, left = left, tag = tag, about = matter,
  }, Pending)
  local id, fault = box[kind](box, account, spec)
  if fault == "forked" then
    loop.pump()
    id, fault = box[kind](box, account, spec)
  end
  if not id then
    return nil, fault
  end
  pending.id, tagged = id, tagged or tag ~= nil
  local ok, reason = pcall(take_up, pending)
  if not ok then
    box:cancel(id)  -- nobody would ever know of it
    error(reason, 0)
  end
  return pending
end

--- Look again: the answer that `pending` (a poll) brought was not final.
function loop.again(pending)
  pending.ready, pending.fault, pending.answer = false, false, false
  if not loop.inbox():again(pending.id) then
    settle(pending, "forked", { sent = true })
  end
end

--- End `pending`; whoever waits for it finds the fault "cancelled".
function loop.cancel(pending)
  kept[pending] = nil
  if pending.id and find(pending.id) == pending then
    strike(pending)
    loop.inbox():cancel(pending.id)
    if pending.about and not pending.ready then  -- of what has its answer the records have come
      pcall(remember, pending)                    -- it may find no memory
    end
  end
  if not pending.ready then
    settle(pending, "cancelled", {})
  end
end

--- Nobody waits for `pending` any more. An outcome that must not be lost comes all the same.
function loop.abandon(pending)
  if pending.id and find(pending.id) == pending then
    loop.inbox():abandon(pending.id)
  end
end

--- Wake `address`, something of the host's, when `pending` is delivered.
-- @return false: it is delivered already
function loop.watch(pending, address)
  return loop.inbox():watch(pending.id, address)
end

--- The pendings whose outcome must not be lost and that nobody took yet: a set.
function loop.kept()
  return kept
end

--- Give the outcome of `pending`, one of those, to whom it was left.
function loop.leave(pending)
  kept[pending] = nil
  pcall(pending.left, pending.fault or nil, pending.answer)
end

--- Write a line, without secrets, into the host's own log; where it has none, to stderr.
-- @param level  "info", or "warn" (default)
function loop.tell(line, level)
  local tell = loop.host().tell or blocking.tell
  tell(line, level)
end

--- Have `left` called where the caller does not live to cancel it, or after `seconds`.
-- @return pending to cancel | nil: this host ends no caller
function loop.lease(seconds, left)
  return loop.host().detach and loop.submit("sleep", seconds, nil, left) or nil
end

--- What all processes of the host share under `name`.
-- @return { get(key), set(key, value, seconds), add(key, value, seconds), delete(key), incr(key, by), keys(), now(),
--   process(), the number of this process, alive(number) } | nil: the host has no such thing
function loop.store(name)
  local store = loop.host().store
  return store and store(name) or nil
end

--- Look whether the process forked.
-- @return number that changes then: what was begun before is the parent's
function loop.forks()
  loop.pump(1)
  return forks
end

--- How much is in flight.
function loop.count()
  return in_flight
end

--- How much of it has records that a hook is to be given.
function loop.recorded()
  return recorded
end

--- Give each record of `tag` to `hook`, from `loop.pump`, wherever that is called: it must not wait.
-- The loop holds neither the hook nor what it refers to: whoever registers it keeps it (a client in its own inner
-- table), and once the collector has taken it the records of that tag are given to nobody.
-- @param tag   number, the `tag` of what is submitted; one that nobody else uses
-- @param hook  function(record, about), or nil
function loop.hook(tag, hook)
  hooks[tag] = hook
end

--- The descriptor that is readable while the inbox holds something.
-- @return descriptor | nil, fault
function loop.fd()
  return loop.inbox():fd()
end

--- Block until something came back or `seconds` are over.
function loop.wait(seconds)
  loop.inbox():wait(seconds)
  return loop.pump()
end

--- task.lua tells how a task waits: `current()` is the running task or nil, `suspend(pending)`.
function loop.schedule(with)
  scheduler = with
end

--- Name the host loop.
-- @param with  "nginx", "blocking", table { await = function(pending) … end }, or nil: recognise it
function loop.use(with)
  if with ~= nil and not HOSTS[with] and (type(with) ~= "table" or type(with.await) ~= "function") then
    error("esim.use: the name of a host or a table with a function `await` expected", 2)
  end
  local named = HOSTS[with] and HOSTS[with]() or nil
  if HOSTS[with] and not named then
    error("esim.use: this is not " .. with, 2)
  end
  host = named
  adapter = type(with) == "table" and { name = "adapter", await = with.await } or nil
end

--- Raise where `call` could not wait, before anything is submitted.
-- @param call  name of a function of ours, whose caller is blamed
function loop.check(call)
  if guarded and call ~= "esim.spawn" then
    error(call .. ": a log hook must not wait", 3)
  end
  local check = loop.host().check
  if check and not (scheduler and scheduler.current()) then
    check(call, 4)
  end
end

local function call_guarded(f, value)
  guarded = true
  string.gsub("-", "-", function() f(value) end)
end

--- Call `f(value)`, a hook. It has no way to suspend the one in whose middle it is called: string.gsub, which is C,
-- lets nobody, and neither do we. Where the host runs the coroutines, what a hook does wrong is the host's to meet.
-- @return true | false and what it raised
function loop.guard(f, value)
  if loop.host().spawn then
    return pcall(f, value)
  end
  local before = guarded
  local ok, reason = pcall(call_guarded, f, value)  -- whatever fails, also for want of memory, fails in there
  guarded = before
  return ok, reason
end

--- Run a function so that it ends even when its caller does not live to see it.
-- @return false: here no caller is ended from outside, call it
function loop.detach(f, ...)
  local detach = loop.host().detach
  return detach ~= nil and detach(f, ...)
end

--- This process's part of what is allowed to all processes of the host together.
function loop.share(amount)
  local share = loop.host().share
  return share and share(amount) or amount
end

--- Wait for `pending` in the host's way.
-- @return fault or nil, answer
function loop.await(pending)
  while not pending.ready do
    if scheduler and scheduler.current() then
      scheduler.suspend(pending)
    else
      loop.host().await(pending)
    end
  end
  kept[pending] = nil
  return pending.fault or nil, pending.answer
end

return loop

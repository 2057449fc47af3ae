--- Work in flight, and the ways to wait for it.
-- One inbox in a Lua state; what comes back is handed to the pending it belongs to, and
-- whoever waits for that is woken in the way of its host (esim.loop.blocking says what a host is, esim.loop.hosts which
-- one it is; esim.loop.records has the records of exchanges).

local hands = require "esim.loop.hands"
local hosts = require "esim.loop.hosts"
local native = require "esim.native"
local numbered = require "esim.loop.numbered"
local records = require "esim.loop.records"

local loop = {
  host = hosts.host, use = hosts.use, tell = hosts.tell, detach = hosts.detach, store = hosts.store,
  share = hosts.share, schedule = hosts.schedule, spawner = hosts.spawner, hook = records.hook,
}

-- Each exchange asks for these.
local running, get, put, drop = coroutine.running, numbered.get, numbered.put, numbered.drop

local inbox            -- made at first use: nothing happens at require
local pendings = numbered.new()
local forked = false   -- it was just found to be one, which the inbox says once
local recorded = 0     -- of these, with a tag: records of their exchanges come
local tagged = false   -- whether there ever was one
local kept = {}        -- pendings whose outcome must not be lost, until somebody took it
local guarded = false  -- whether a hook runs, which must not wait
local lost = {}        -- pendings that are the parent's, and have not been told yet
local waking = false   -- one that was settled, until it is woken: there may be no memory for that
local took, took_answer = false, false  -- a number and its answer that are out of the inbox, and not settled yet
local taker = false    -- the pending of that, once it is known
local spare = false    -- one that nobody knows any more, for the next exchange: nothing is left in it

local PLACES = 16777216  -- a number is a generation times that and a place, see csrc/core/inbox.c

local Pending = {}
Pending.__index = Pending
loop.Pending = Pending

--- Whether the outcome is there. For schedulers of the user's own.
function Pending:done()
  return self.ready ~= false
end

--- The state's inbox. Specs hand in one of their own.
-- @param replacement  an inbox, or nil
function loop.inbox(replacement)
  inbox = replacement or inbox or native.inbox()
  return inbox
end

--- Forget everything that was in flight: for specs.
function loop.reset(replacement)
  pendings, recorded, inbox, kept = numbered.new(), 0, replacement, {}
  took, taker, waking, spare, lost = false, false, false, false, {}
  hosts.use(nil)
end

local NOTHING = {}  -- the outcome of what has none to tell

--- Give a pending its outcome, which is `ready` then, and wake who waits for it. That field is there from its making:
-- setting it takes no memory, for what was taken out of the inbox must not be lost for want of it. Where there is none
-- to wake him, that is done with the next look into the inbox.
-- One that has `pass` is asked first whether it takes that itself, and looks again; not where C wakes who waits (in his
-- `seat`, see loop/nginx.lua), for it does so once for each answer, whoever took that.
-- @param answer  table, with `fault` where there was one, or nil
local function settle(pending, answer)
  local outer = waking
  pending.ready, waking = answer or NOTHING, pending
  local passed = pending.pass and not pending.seat and pending:pass()
  if not passed and pending.wake then
    pending.wake(pending)
  end
  waking = outer
end

local function wake_again()
  if waking.ready and waking.wake then
    waking.wake(waking)
  end
  waking = false
end

--- A pending that something in Lua settles, with `loop.settle`.
function loop.pending()
  return setmetatable({ ready = false }, Pending)
end

loop.settle = settle

--- Pendings whose end there may have been no memory for, each with the next one as its `task`, the last one with
-- `true`: an error leaves Lua no room on its stack, and to call anything may need more. They are ended with the next
-- look into the inbox.
loop.orphans = { first = true }

--- One that stands for whatever comes back: whoever finds something in it settles it, with `loop.settle`.
function loop.any()
  local pending = loop.pending()
  pending.any = true
  return pending
end

-- By the whole number the table, once it is just full, would be laid out anew for each: the inbox fills a place again
-- as soon as it is free, under another number.
local function find(id)
  local pending = get(pendings, id % PLACES)
  return pending and pending.id == id and pending or nil
end

local function strike(pending)
  drop(pendings, pending.id % PLACES)
  if recorded > 0 and pending.tag then
    recorded = recorded - 1
  end
end

-- What is not kept is let alone: Lua 5.1 takes memory to make it nil.
local function let_go(pending)
  if kept[pending] then
    kept[pending] = nil
  end
end

local function about_of(id)
  local pending = find(id)
  return pending and pending.about
end

-- The process forked: what was in flight is the parent's. What had come back before, and nobody took yet, is ours.
local function lose_all()
  local list, none = pendings:list(), numbered.new()
  pendings, lost, recorded, forked = none, list, 0, false
end

local function tell_lost()
  for i = #lost, 1, -1 do
    local pending, answer = lost[i], { fault = "forked", sent = true }
    lost[i] = nil
    if not pending.ready then
      settle(pending, answer)
    end
  end
end

-- See loop.orphans.
local function end_orphans()
  while loop.orphans.first ~= true do
    local pending = loop.orphans.first
    loop.cancel(pending)
    loop.orphans.first = pending.task
  end
end

-- Hand on what was taken, again where it could not be done to the end.
local function deliver()
  local before = taker
  local pending = before or find(took)
  if not pending then
    loop.inbox():cancel(took)  -- a poll that there was no memory to know of would stay for ever
  else
    taker = pending
    if (took_answer.fault or pending.kind ~= "poll") and (not before or find(took) == before) then
      strike(pending)
    end
    if waking ~= pending then
      settle(pending, took_answer)
    end
  end
  took, taker, took_answer = false, false, false
  return pending and 1 or 0
end

local function is_behind()
  return took or waking or lost[1] or forked
end

-- What there was no memory for when it was due.
local function make_up()
  if took then
    deliver()
  end
  if waking then
    wake_again()
  end
  if loop.orphans.first ~= true then
    end_orphans()
  end
  if forked then
    lose_all()
  end
  tell_lost()
end

--- Take what the inbox holds; never waits. Records are given to their hooks before the outcome of what they are of.
-- @param most  how many pendings to settle, or nil: all that came back
-- @return how many were
function loop.pump(most)
  local box, count, more = inbox or loop.inbox(), 0, true
  if is_behind() or loop.orphans.first ~= true then
    make_up()
  end
  while more and (not most or count < most) do
    local id, _, answer
    id, _, answer, more = box:take(true)
    if id then
      took_answer, took = answer or NOTHING, id
    end
    if tagged or id == nil then
      pcall(records.hear, box, about_of)  -- what was taken must not be lost for want of memory for a record
    end
    if id == nil then
      return count
    elseif id == false then
      forked, more = true, true
      lose_all()
      tell_lost()
    elseif took then  -- else the hook looked into the inbox
      count = count + deliver()
    end
  end
  box:hold(false)
  return count
end

local function take_up(pending, id, left)
  local submitted = hosts.hears and running() ~= hands.thread and loop.host().submitted
  pending.id = id
  put(pendings, id % PLACES, pending)
  if tagged and pending.tag then
    recorded = recorded + 1
  end
  if left then
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
-- @param pending  what is to stand for it, with id and ready, both false, and the kind, or nil
-- @return pending | nil, fault
function loop.submit(kind, account, spec, left, pending)
  local box = inbox or loop.inbox()
  pending = pending or setmetatable({
    id = false, kind = kind, ready = false, left = left,
  }, Pending)
  if spec and spec.tag then
    pending.tag, pending.about, tagged = spec.tag, spec.about, true
  end
  local id, fault = box[kind](box, account, spec)
  if fault == "forked" then
    loop.pump()
    id, fault = box[kind](box, account, spec)
  end
  if not id then
    return nil, fault
  end
  local ok, reason = pcall(take_up, pending, id, left)  -- no memory for that very call: it has no number, pump ends it
  if not ok then
    box:cancel(id)  -- nobody would ever know of it
    if find(id) == pending then
      strike(pending)
    end
    pending.id = false
    let_go(pending)
    error(reason, 0)
  end
  return pending
end

--- Look again: the answer that `pending` (a poll) brought was not final.
function loop.again(pending)
  if inbox:again(pending.id) then
    pending.ready = false  -- not before: there may have been no memory to ask for it
  else
    settle(pending, { fault = "forked", sent = true })
  end
end

--- End `pending`; whoever waits for it finds the fault "cancelled".
-- @param settled  true: the last answer of this poll said that its order is completed, or has failed
function loop.cancel(pending, settled)
  let_go(pending)
  if pending.id then  -- also what there was no memory to know of
    inbox:cancel(pending.id, settled)
  end
  if pending.id and find(pending.id) == pending then
    strike(pending)
    if pending.about and not pending.ready then  -- of what has its answer the records have come
      pcall(records.remember, pending)           -- it may find no memory
    end
  end
  if not pending.ready then
    settle(pending, { fault = "cancelled" })
  end
end

--- Seconds until the deadline of `pending`, which is in flight; 0: it is over, or it is not.
function loop.left(pending)
  return loop.inbox():left(pending.id)
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
  let_go(pending)
  pcall(pending.left, pending.ready.fault, pending.ready)
end

--- Have `left` called where the caller does not live to cancel it, or after `seconds`.
-- @return pending to cancel | nil: this host ends no caller
function loop.lease(seconds, left)
  return loop.host().detach and loop.submit("sleep", seconds, nil, left) or nil
end

--- How much is in flight.
function loop.count()
  return pendings.count
end

--- How much of it has records that a hook is to be given.
function loop.recorded()
  return recorded
end

--- The descriptor that is readable while the inbox holds something.
-- @return descriptor | nil, fault
function loop.fd()
  return loop.inbox():fd()
end

--- Block until something came back or `seconds` are over.
function loop.wait(seconds)
  local box = inbox or loop.inbox()
  if not is_behind() then
    box:wait(seconds)
  end
  return loop.pump()
end

--- Raise where `call` could not wait, before anything is submitted.
-- @param call   name of a function of ours, whose caller is blamed
-- @param above  how many levels further up that is, or nil: none
function loop.check(call, above)
  if running() == hands.thread then  -- a task of ours
    return
  end
  local level = 3 + (above or 0)
  if guarded and call ~= "esim.spawn" then
    error(call .. ": a log hook must not wait", level)
  end
  local check = loop.host().check
  if check then
    check(call, level + 1)
  end
end

local function call_guarded(f, value)
  guarded = true
  string.gsub("-", "-", function() f(value) end)
end

--- Call `f(value)`, a hook. It has no way to suspend the one in whose middle it is called: string.gsub, which is C,
-- lets nobody, and neither do we. nginx meets itself what a hook does wrong.
-- @return true | false and what it raised
function loop.guard(f, value)
  if loop.host().unguarded then
    return pcall(f, value)
  end
  local before, thread = guarded, hands.thread
  hands.thread = false
  local ok, reason = pcall(call_guarded, f, value)  -- whatever fails, also for want of memory, fails in there
  guarded, hands.thread = before, thread
  return ok, reason
end

--- Wait for `pending` in the host's way.
-- @return fault or nil, answer; and whether no host but our own tasks had to do with it
function loop.await(pending)
  local tasks, is_ours = hosts.tasks, true
  while not pending.ready do
    if not (tasks and tasks.await(pending)) then
      is_ours = false
      hosts.host().await(pending)
    end
  end
  let_go(pending)
  local answer = pending.ready
  return answer.fault, answer, is_ours
end

--- Submit work, see loop.submit, and wait for its outcome.
-- @return fault or nil, answer
function loop.exchange(kind, account, spec, left)
  local again = not left and spare or nil
  if again then
    spare, again.kind = false, kind
  end
  local pending, fault = loop.submit(kind, account, spec, left, again)
  if not pending then
    return fault, { sent = false }
  end
  local answer, is_ours
  fault, answer, is_ours = loop.await(pending)
  if is_ours and not (left or tagged) then
    pending.id, pending.ready, spare = false, false, pending
  end
  return fault, answer
end

return loop

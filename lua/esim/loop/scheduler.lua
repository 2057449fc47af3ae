--- Tasks that we run ourselves, where the host has no threads of its own: coroutines, resumed when what they wait for
-- is there. A task suspends itself alone: one that is inside another coroutine of the user's blocks.
-- There may be no memory to wake a task, to go on with it, or for a call at all: whoever looks next finds what is left
-- to be done.

local hands = require "esim.loop.hands"
local hosts = require "esim.loop.hosts"
local loop = require "esim.loop"
local protect = require "esim.protect"
local queue = require "esim.loop.queue"

local scheduler = {
  unheard = {},  -- tasks that ended in an error and that nobody joined, the first one first
}

local running             -- the task whose coroutine runs now, or nil
local ready = queue.new()  -- tasks that can go on, and pendings for which hands can
local acting = { false, false, false, false }  -- tasks being resumed, each by what runs in the one before it; or what
                                               -- one waited for, until a hand has it
local depth = 0           -- how many these are
local living = 0          -- tasks of this era that have not ended
local era = 0             -- how often all that were suspended were given up
local at_work = {}        -- of each task that has a hand at a step of its errand, that

-- Of a task that we run: `thread`, its coroutine, false: it was given up; `era` in which it was spawned, nil:
-- the first. No more: a hundred thousand may wait.
local Task = {}
Task.__index = Task

-- Each exchange comes through here: what it asks for is at hand.
local this_thread, resume_thread, yield = coroutine.running, coroutine.resume, coroutine.yield
local is_yieldable, take = hosts.is_yieldable, queue.take

local function current()
  local t = running
  if t and (this_thread() == t.thread or protect.running() == t.thread) and is_yieldable() then
    return t
  end
end

-- Of all pendings, without a field of their own: a hundred thousand may wait. Of an orphan `task` is another one.
function loop.Pending:wake()
  local t = self.task
  if t and t ~= true and t.thread ~= nil then
    queue.put(ready, self.step and self or t)
  end
end

local WAITS = {}  -- what a task yields that waits for a pending

local function suspend(pending)
  local t = current()
  if not t then
    return false
  end
  pending.task = t
  yield(WAITS)
  while running ~= t do  -- somebody else resumed it, who could not go on with it
    yield()
  end
  pending.task = false
  return true
end

--- Whether a task runs now.
function scheduler.is_inside()
  return running ~= nil
end

--- The host of what is in one of these tasks.
scheduler.host = { name = "tasks", current = current, busy = scheduler.is_inside, await = suspend }
loop.schedule(scheduler.host)

-- What a task begins with is on its own stack until it runs: no table need hold it.
local function begin(f, ...)
  coroutine.yield()
  return f(...)
end

local function create(f, ...)
  local thread = coroutine.create(begin)
  local ok, reason = coroutine.resume(thread, f, ...)
  if not ok then
    error(reason, 0)
  end
  return thread
end

-- It has ended, well or with an error; those who joined it are woken.
local function record(t, ok, ...)
  t.ended, t.ok, t.count, t.results = true, ok, select("#", ...), { ... }
  if not t.crew and t.thread and (t.era or 0) == era then  -- else it is counted as dead already
    living = living - 1
  end
  for _, waiter in ipairs(t.waiters or {}) do
    loop.settle(waiter)
  end
end

local function end_task(t, ok, ...)
  if ok and coroutine.status(t.thread) ~= "dead" then
    return
  end
  if not ok then
    t.trace = debug.traceback(t.thread)
    if not t.waiters then
      scheduler.unheard[#scheduler.unheard + 1] = t
    end
  end
  record(t, ok, ...)
end

local heed

-- Its own coroutine goes on.
local function go_on(t, ...)
  return heed(t, resume_thread(t.thread, ...))
end

-- No hand could see to its end: see loop.orphans. It may be one already.
local function break_off(t, pending, reason)
  if pending and not pending.task then
    pending.task, loop.orphans.first = loop.orphans.first, pending
  end
  return go_on(t, false, reason)
end

local step

-- What came of a step; `waited`: what the one before waited for, nil: it was the first. What is ready already is not
-- waited for.
local function heed_hand(t, waited, ok, first, pending, ...)
  if ok and not hands.is_done(at_work[t], first) then
    return
  end
  at_work[t] = nil
  if not ok then
    return break_off(t, waited, first)
  elseif not pending then
    return go_on(t, ...)
  elseif pending.ready then
    return step(t, pending, pending.step, pending)
  else
    pending.task = t
  end
end

-- What is not there is let alone: Lua 5.1 takes memory to make it nil.
local function forget_hand(t)
  if at_work[t] ~= nil then
    at_work[t] = nil
  end
end

local function set_to_work(t)
  at_work[t] = false  -- room for it, before one is taken
  at_work[t] = hands.take(t.thread)
end

step = function(t, waited, f, ...)
  local ok, reason = pcall(set_to_work, t)
  acting[depth] = t
  if waited then
    waited.task = false
  end
  if not ok then
    forget_hand(t)
    return break_off(t, waited, reason)
  end
  return heed_hand(t, waited, resume_thread(at_work[t], f, ...))
end

-- What came of its own coroutine.
heed = function(t, ok, ...)
  local first = ...
  if first == WAITS then
    return
  elseif ok and first == hands.ERRAND then
    return step(t, nil, select(2, ...))
  end
  return end_task(t, ok, ...)
end

-- Tasks that nobody will ever resume are none that later ones wait for.
local function forget_stuck()
  era, living = era + 1, depth
  for i = 1, depth do
    acting[i].era = era
  end
  for t in pairs(at_work) do
    if (t.era or 0) ~= era then
      at_work[t] = nil
    end
  end
end

local function idle()
  if loop.count() > 0 then
    return loop.wait()
  end
  forget_stuck()
  error("esim: every task waits for something that cannot come", 0)
end

-- Let a task go on at `level`: a hand with the next step for `pending`, or what had suspended itself.
local function resume(t, pending, level)
  depth, running, hands.thread = level, t, t.thread
  if pending then
    return step(t, pending, pending.step, pending)
  elseif at_work[t] then
    return heed_hand(t, nil, resume_thread(at_work[t]))
  end
  return heed(t, resume_thread(t.thread))
end

-- Let the errand of `pending` go on at `level`.
local function run_errand(pending, level)
  local t = pending.task
  if not (t and pending.ready) then
    acting[level] = false  -- it was woken twice, where the first time was broken off, and is taken already
  elseif t.thread then
    resume(t, pending, level)
  else
    pending.task, loop.orphans.first = loop.orphans.first, pending
  end
end

-- Run what is ready. Who is taken is in `acting` before anything is called for him, for which there may be no memory.
-- @return whether somebody is still waited for: `only`, where it is joined that alone, or else all
local function run_ready(only, joined, level)
  local above = level + 1
  while not (only and only.ended) and (joined or living > 0) do
    local thing = take(ready)
    acting[above] = thing or false
    if thing == nil then
      return true
    elseif thing.step then
      run_errand(thing, above)
    elseif thing.thread and not thing.ended then  -- else what it could not wait for, inside pcall in Lua 5.1
      resume(thing, nil, above)
    end
    acting[above] = false
  end
  return false
end

-- There was no memory to go on with what was taken; nor need there be for what is done here before the first call. Its
-- task has ended, or where there is none to say so, is none that others wait for.
local function give_up(thing, reason)
  local t = thing
  if thing.step and not thing.task then
    return  -- it was woken twice, and is taken already
  end
  if thing.step then
    t, thing.task, loop.orphans.first = thing.task, loop.orphans.first, thing
  end
  if not t.ended and t.thread then
    t.thread = false
    if (t.era or 0) == era then
      living = living - 1
    end
    forget_hand(t)
    pcall(record, t, false, reason)
  end
end

--- Run what is ready, then wait for the inbox, again and again.
-- @param only    until this task has ended, or all have, whichever is first; nil: until all have
-- @param joined  true: until `only` has alone
function scheduler.drive(only, joined)
  local level = depth
  repeat
    local fine, waits = pcall(run_ready, only, joined, level)
    local thing = acting[level + 1]
    acting[level + 1], depth, running = false, level, acting[level] or nil  -- no call before all is as it was
    hands.thread = running and running.thread or false
    if not fine then
      if thing then
        give_up(thing, waits)
      end
      error(waits, 0)
    elseif waits then
      idle()
    end
  until not waits
end

--- Start one, which runs when the present one waits.
-- @param waiters  pendings that are settled when it has ended: a list where somebody will hear of its error, or nil
-- @param f        function; further arguments are handed to it
-- @return task
function scheduler.spawn(waiters, f, ...)
  local t = setmetatable({ thread = create(f, ...) }, Task)
  if waiters then
    t.waiters = waiters
  end
  if era > 0 then
    t.era = era
  end
  queue.put(ready, t)
  living = living + 1
  return t
end

scheduler.Task, scheduler.record = Task, record

return scheduler

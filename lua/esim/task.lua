--- Tasks: coroutines that wait for each other and for work in flight.
-- A task suspends itself alone. In a host that has threads of its own a task is one of those. Elsewhere we run them:
-- one that is inside another coroutine of the user's blocks.

local blocking = require "esim.loop.blocking"
local err = require "esim.err"
local hands = require "esim.loop.hands"
local hosts = require "esim.loop.hosts"
local loop = require "esim.loop"
local protect = require "esim.protect"
local queue = require "esim.loop.queue"

local task = {}

local unpack = table.unpack or unpack

local running             -- the task whose coroutine runs now, or nil
local ready = queue.new()  -- tasks that can go on, and pendings for which hands can
local acting = { false, false, false, false }  -- tasks being resumed, each by what runs in the one before it
local depth = 0           -- how many these are
local living = 0          -- tasks of this era that have not ended
local era = 0             -- how often all that were suspended were given up
local unheard = {}        -- tasks that ended in an error and that nobody joined, the first one first
local crews = setmetatable({}, { __mode = "k" })  -- in a host's own threads: who belongs to which esim.run

-- Of a task that we run: `thread`, its coroutine, false: it was given up; `hand`, while one is at a step of its errand,
-- else false; `era` in which it was spawned, nil: the first.
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
  if getmetatable(self.task) == Task then
    queue.put(ready, self.step and self or self.task)
  end
end

local WAITS = {}  -- what a task yields that waits for a pending

local function suspend(pending)
  pending.task = running
  yield(WAITS)
  pending.task = false
end

local tasks = { name = "tasks", current = current, busy = function() return running ~= nil end, await = suspend }
loop.schedule(tasks)

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

local function record(t, ok, ...)
  t.ended, t.ok, t.count, t.results = true, ok, select("#", ...), { ... }
  if not t.crew and (t.era or 0) == era then
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
      unheard[#unheard + 1] = t
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
  if ok and not hands.is_done(t.hand, first) then
    return
  end
  t.hand = false
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

step = function(t, waited, f, ...)
  local ok, hand = pcall(hands.take, t.thread)
  if not ok then
    return break_off(t, waited, hand)
  end
  t.hand = hand
  return heed_hand(t, waited, resume_thread(hand, f, ...))
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

-- What runs is that of `level` again.
local function unwind(level)
  for i = level + 1, depth do
    acting[i] = false
  end
  depth, running = level, acting[level] or nil
  hands.thread = running and running.thread or false
end

-- Tasks that nobody will ever resume are none that later ones wait for.
local function forget_stuck()
  era, living = era + 1, depth
  for i = 1, depth do
    acting[i].era = era
  end
end

local function idle(level)
  unwind(level)
  if loop.count() > 0 then
    return loop.wait()
  end
  forget_stuck()
  error("esim: every task waits for something that cannot come", 0)
end

-- Let a task go on at `level`: a hand with the next step for `pending`, or what had suspended itself.
local function resume(t, pending, level)
  acting[level], depth, running, hands.thread = t, level, t, t.thread
  if pending then
    pending.task = false
    return step(t, pending, pending.step, pending)
  elseif t.hand then
    return heed_hand(t, nil, resume_thread(t.hand))
  end
  return heed(t, resume_thread(t.thread))
end

-- Until `only` has ended, or until all have, whichever is first; where it is joined, until that has alone.
local function drive_on(only, joined, level)
  while not (only and only.ended) and (joined or living > 0) do
    local t = take(ready)
    if t == nil then
      idle(level)
    elseif t.step and t.task.thread then
      resume(t.task, t, level + 1)
    elseif t.step then
      t.task, loop.orphans.first = loop.orphans.first, t
    elseif t.thread and not t.ended then  -- else what it could not wait for, inside pcall in Lua 5.1
      resume(t, nil, level + 1)
    end
  end
end

-- There was no memory to go on with a task: it has ended, or where there is none to say so, it is none that others
-- wait for.
local function give_up(t, reason)
  t.thread = false
  if not t.ended and not pcall(record, t, false, reason) and not t.ended and (t.era or 0) == era then
    living = living - 1
  end
end

-- Run what is ready, then wait for the inbox.
local function drive(only, joined)
  local level = depth
  local fine, reason = pcall(drive_on, only, joined, level)
  local t = acting[level + 1]
  unwind(level)
  if not fine then
    if t and not t.ended then
      give_up(t, reason)
    end
    error(reason, 0)
  end
end

local function end_hosted(t, ok, ...)
  if not ok then
    t.trace = select(2, ...)
  end
  record(t, ok, ...)
end

-- In the host's own thread: the crew counts it until it has ended. An error that nobody can hear is the host's to tell.
local function body(t, crew, f, ...)
  t.thread = coroutine.running()
  loop.host()  -- which knows a thread of its own from now on, also by what stands in for it (esim.protect)
  crews[t.thread] = crew
  end_hosted(t, protect.trace(f, ...))
  crews[t.thread] = nil  -- a host may use the coroutine again
  crew.alive = crew.alive - 1
  if crew.alive == 0 and crew.waiter then
    loop.settle(crew.waiter)
  end
  if not t.ok and not t.waiters then
    crew.unheard[#crew.unheard + 1] = t
    if not crew.run then
      error(err.is(t.results[1]) and tostring(t.results[1]) or t.results[1], 0)  -- a host may know texts alone
    end
  end
end

local function spawn_hosted(host, t, crew, f, ...)
  t.crew = crew
  crew.alive = crew.alive + 1
  host.spawn(body, t, crew, f, ...)
  return t
end

-- `host`: that is to run it. `waiters`: a list where somebody will hear of an error, or nil.
local function spawn(host, waiters, f, ...)
  if host.spawn then
    local crew = crews[protect.running() or 0] or { alive = 0, unheard = {} }
    return spawn_hosted(host, setmetatable({ waiters = waiters }, Task), crew, f, ...)
  end
  local t = setmetatable({ thread = create(f, ...), hand = false }, Task)  -- small: a hundred thousand may wait
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

local function check_function(f, name)
  if type(f) ~= "function" then
    error("esim." .. name .. ": function expected, got " .. type(f), 3)
  end
end

local function raise(t)
  local list = t.crew and t.crew.unheard or unheard
  for i, other in ipairs(list) do
    if other == t then
      table.remove(list, i)
      break
    end
  end
  local reason = t.results[1]
  if type(reason) == "string" and t.trace then
    reason = reason .. "\n" .. t.trace
  end
  error(reason, 0)
end

--- Start a task. It runs when the present one waits; nginx and copas run it at once, until it waits. In a loop it is a
-- thread of the loop's.
-- @param f  function; further arguments are handed to it
-- @return task
function task.spawn(f, ...)
  check_function(f, "spawn")
  loop.check("esim.spawn")
  return spawn(loop.spawner(), nil, f, ...)
end

-- Not through pcall: Lua 5.1 cannot suspend across it.
local function await_end(self)
  local host = loop.host()
  self.waiters = self.waiters or {}
  if self.ended then
    return
  elseif host == tasks or host.spawn and self.crew then
    local pending = loop.pending()
    self.waiters[#self.waiters + 1] = pending
    loop.await(pending)
  else
    drive(self, true)
  end
end

--- Wait until a task has ended.
-- @return its results; its error is raised here
function Task:join()
  if not self.ended and self.thread and protect.running() == self.thread then
    error("esim: a task cannot join itself", 2)
  elseif not self.ended and self.crew and loop.host() == blocking then
    error("esim: task:join: the loop runs that task, and does not while it is blocked here: join it in a coroutine", 2)
  elseif not self.ended then
    loop.check("task:join")
  end
  await_end(self)
  if not self.ok then
    raise(self)
  end
  return unpack(self.results, 1, self.count)
end

function Task:__tostring()
  return "esim.task: " .. (self.ended and "ended" or "alive")
end

local function take_unheard()
  local first = unheard[1]
  unheard = {}
  return first
end

-- The results of a run whose tasks have all ended.
local function conclude(main, stray)
  if not main.ok then
    raise(main)
  elseif stray then
    raise(stray)
  end
  return unpack(main.results, 1, main.count)
end

local function run_hosted(host, f, ...)
  local crew = { alive = 0, unheard = {}, run = true }
  local main = spawn_hosted(host, setmetatable({ waiters = {} }, Task), crew, f, ...)
  if crew.alive > 0 then
    crew.waiter = loop.pending()
    loop.await(crew.waiter)
  end
  return conclude(main, crew.unheard[1])
end

--- Run `f` as a task until every task has ended; inside a task, until `f` has; in nginx, every task spawned in it.
-- @param f  function; further arguments are handed to it
-- @return the results of `f`; an error of any task that nobody joined is raised
function task.run(f, ...)
  check_function(f, "run")
  loop.check("esim.run")
  local host = loop.host()
  if host.spawn then
    return run_hosted(host, f, ...)
  elseif host == tasks then
    return spawn(host, {}, f, ...):join()
  end
  local main = spawn(host, {}, f, ...)
  local nested = running ~= nil  -- inside a task, where it cannot be suspended: it cannot end before us
  drive(nested and main or nil, false)
  return conclude(main, not nested and take_unheard() or nil)
end

--- Run functions side by side.
-- @param functions  list of functions
-- @return list of each one's first result; the first error is raised when all have ended
function task.all(functions)
  if type(functions) ~= "table" then
    error("esim.all: list of functions expected, got " .. type(functions), 2)
  end
  loop.check("esim.all")
  local list, results = {}, {}
  for i, f in ipairs(functions) do
    check_function(f, "all")
    list[i] = spawn(loop.host(), {}, f)
  end
  local failed
  for i, t in ipairs(list) do
    await_end(t)
    results[i] = t.ok and t.results[1] or nil
    failed = failed or (not t.ok and t)
  end
  if failed then
    raise(failed)
  end
  return results
end

--- Wait.
-- @param seconds  number, 0 or more
function task.sleep(seconds)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds <= 1e9) then
    error("esim.sleep: seconds expected, a number from 0 to 1e9", 2)
  end
  loop.check("esim.sleep")
  local host = loop.host()
  if host.sleep then
    return host.sleep(seconds)
  end
  local pending, fault = loop.submit("sleep", seconds)
  if not pending then
    error("esim.sleep: " .. fault, 2)
  end
  loop.await(pending)
end

return task

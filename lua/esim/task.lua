--- Tasks: coroutines that wait for each other and for work in flight.
-- A task suspends itself alone. One that is inside another coroutine of the user's blocks.

local loop = require "esim.loop"
local protect = require "esim.protect"

local task = {}

local unpack = table.unpack or unpack

local running             -- the task whose coroutine runs now, or nil
local ready = { first = 1, last = 0 }  -- tasks that can go on
local alive = 0
local unheard = {}        -- tasks that ended in an error and that nobody joined, the first one first

local Task = {}
Task.__index = Task

local function push_ready(t)
  ready.last = ready.last + 1
  ready[ready.last] = t
end

local function pop_ready()
  local t = ready[ready.first]
  if t == nil then
    ready.first, ready.last = 1, 0
    return nil
  end
  ready[ready.first] = nil
  ready.first = ready.first + 1
  return t
end

local function current()
  if running and protect.running() == running.thread then
    return running
  end
end

local function wake(pending)
  push_ready(pending.task)
end

local function suspend(pending)
  pending.task, pending.wake = running, wake
  coroutine.yield()
  pending.wake = nil
end

loop.schedule { current = current, suspend = suspend }

local function end_task(t, ok, ...)
  if ok and coroutine.status(t.thread) ~= "dead" then
    return
  end
  alive = alive - 1
  t.ended, t.ok, t.count, t.results = true, ok, select("#", ...), { ... }
  if not ok then
    t.trace = debug.traceback(t.thread)
    if not t.waiters then
      unheard[#unheard + 1] = t
    end
  end
  for _, waiter in ipairs(t.waiters or {}) do
    push_ready(waiter)
  end
end

local function resume(t)
  local before = running
  running = t
  if t.args then
    local args = t.args
    t.args = nil
    end_task(t, coroutine.resume(t.thread, unpack(args, 1, args.n)))
  else
    end_task(t, coroutine.resume(t.thread))
  end
  running = before
end

-- Run what is ready, then wait for the inbox, until `finished()`.
local function drive(finished)
  while not finished() do
    local t = pop_ready()
    if t then
      resume(t)
    elseif loop.count() > 0 then
      loop.wait()
    else
      error("esim: every task waits for something that cannot come", 0)
    end
  end
end

local function spawn(f, ...)
  local t = setmetatable({ args = { n = select("#", ...), ... } }, Task)
  t.thread = coroutine.create(f)
  alive = alive + 1
  push_ready(t)
  return t
end

local function check_function(f, name)
  if type(f) ~= "function" then
    error("esim." .. name .. ": function expected, got " .. type(f), 3)
  end
end

local function raise(t)
  for i, other in ipairs(unheard) do
    if other == t then
      table.remove(unheard, i)
      break
    end
  end
  local reason = t.results[1]
  if type(reason) == "string" then
    reason = reason .. "\n" .. t.trace
  end
  error(reason, 0)
end

--- Start a task. It runs when the present one waits.
-- @param f  function; further arguments are handed to it
-- @return task
function task.spawn(f, ...)
  check_function(f, "spawn")
  return spawn(f, ...)
end

-- Not through pcall: Lua 5.1 cannot suspend across it.
local function await_end(self)
  local me = current()
  self.waiters = self.waiters or {}
  if not self.ended and me then
    self.waiters[#self.waiters + 1] = me
    coroutine.yield()
  elseif not self.ended then
    drive(function() return self.ended end)
  end
end

--- Wait until a task has ended.
-- @return its results; its error is raised here
function Task:join()
  if current() == self then
    error("esim: a task cannot join itself", 2)
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

-- Whether we run inside a task, but in a coroutine of the user's own.
local function is_nested()
  return running ~= nil and coroutine.status(running.thread) == "normal"
end

local function take_unheard()
  local first = unheard[1]
  unheard = {}
  return first
end

--- Run `f` as a task until every task has ended; inside a task, until `f` has.
-- @param f  function; further arguments are handed to it
-- @return the results of `f`; an error of any task that nobody joined is raised
function task.run(f, ...)
  check_function(f, "run")
  if current() then
    return spawn(f, ...):join()
  end
  local main = spawn(f, ...)
  main.waiters = {}
  local nested = is_nested()  -- then the task that we are inside of cannot end before us
  drive(function() return nested and main.ended or alive == 0 end)
  local stray = not nested and take_unheard()
  if not main.ok then
    raise(main)
  elseif stray then
    raise(stray)
  end
  return unpack(main.results, 1, main.count)
end

--- Run functions side by side.
-- @param functions  list of functions
-- @return list of each one's first result; the first error is raised when all have ended
function task.all(functions)
  if type(functions) ~= "table" then
    error("esim.all: list of functions expected, got " .. type(functions), 2)
  end
  local tasks, results = {}, {}
  for i, f in ipairs(functions) do
    check_function(f, "all")
    tasks[i] = spawn(f)
    tasks[i].waiters = {}
  end
  local failed
  for i, t in ipairs(tasks) do
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
  local pending, fault = loop.submit("sleep", seconds)
  if not pending then
    error("esim.sleep: " .. fault, 2)
  end
  loop.await(pending)
end

return task

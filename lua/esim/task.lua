--- Tasks: coroutines that wait for each other and for work in flight. In a host that has threads of its own a task is
-- one of those; elsewhere we run them (esim.loop.scheduler).

local blocking = require "esim.loop.blocking"
local err = require "esim.err"
local loop = require "esim.loop"
local protect = require "esim.protect"
local scheduler = require "esim.loop.scheduler"

local task = {}

local unpack = table.unpack or unpack

local Task, tasks = scheduler.Task, scheduler.host
local crews = setmetatable({}, { __mode = "k" })  -- in a host's own threads: who belongs to which esim.run

local function end_hosted(t, ok, ...)
  if not ok then
    t.trace = select(2, ...)
  end
  scheduler.record(t, ok, ...)
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
  return scheduler.spawn(waiters, f, ...)
end

local function check_function(f, name)
  if type(f) ~= "function" then
    error("esim." .. name .. ": function expected, got " .. type(f), 3)
  end
end

local function raise(t)
  local list = t.crew and t.crew.unheard or scheduler.unheard
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
    scheduler.drive(self, true)
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
  local first = scheduler.unheard[1]
  scheduler.unheard = {}
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
  local nested = scheduler.is_inside()  -- inside a task, where it cannot be suspended: it cannot end before us
  scheduler.drive(nested and main or nil, false)
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

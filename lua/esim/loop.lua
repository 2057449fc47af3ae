--- What is in flight, and how a caller waits for it. Knows nothing of orders.
--
-- Work is a number in the core; here a *pending* stands for it. What the core delivers goes to its pending by
-- loop.pump(), and whoever awaits that pending goes on: a task of ours is put in the queue of those that can run, a
-- coroutine of another scheduler is resumed by its adapter, anybody else was blocked in loop/blocking.

local blocking = require "esim.loop.blocking"

local loop = {}

local pcall, error, setmetatable = pcall, error, setmetatable
local running = coroutine.running

-- What a task yields; nobody else has it.
local MARK = {}

local core      -- where inbox, account and clock come from: esim.native, unless a spec says otherwise
local inbox     -- this state's one inbox, made at first use
local adapter   -- of the host, or nil
local flying    -- pendings by number
local armed     -- how many of them will be delivered to
local tasks     -- by coroutine: tasks that have not ended
local ready     -- queue of tasks that can go on: ready[first] … ready[last]
local first, last
local depth     -- of tasks on the stack

--- Forgets everything, and takes inbox, account and clock from `source`. For specs alone.
-- @tparam[opt] table source functions `inbox()`, `account(options)`, `clock()`; default: the core
function loop.reset(source)
  core, inbox, adapter = source, nil, nil
  flying, armed, tasks = {}, 0, {}
  ready, first, last, depth = {}, 1, 0, 0
end

loop.reset()

local function source()
  core = core or require "esim.native"
  return core
end

--- The state's inbox. The first call makes it; loading the module does not.
function loop.inbox()
  inbox = inbox or source().inbox()
  return inbox
end

--- An account of the core: core.account(options).
function loop.account(options)
  return source().account(options)
end

--- Monotonic time in seconds.
function loop.clock()
  return source().clock()
end

-- Pendings

local pending_methods = {}
local pending_meta = { __index = pending_methods, __tostring = function() return "esim pending" end }

--- Whether what is waited for has come; an adapter waits until then.
function pending_methods:done()
  return self.ready
end

local function new_pending()
  return setmetatable({ ready = false }, pending_meta)
end

local function fly(pending, id)
  pending.id = id
  flying[id] = pending
  armed = armed + 1
  return pending
end

--- Submits work.
-- @tparam string kind "request", "order", "poll" or "sleep"
-- @param account of the core; nil for a sleep
-- @param spec of the core; for a sleep, seconds
-- @return a pending; or nil and the core's word for what is wrong
function loop.submit(kind, account, spec)
  local box, id, fault = loop.inbox(), nil, nil
  if kind == "sleep" then
    id, fault = box:sleep(spec)
  else
    id, fault = box[kind](box, account, spec)
  end
  if not id then return nil, fault end
  return fly(new_pending(), id)
end

--- Puts a task in the queue of those that can go on.
function loop.schedule(task)
  last = last + 1
  ready[last] = task
end

local function land(pending, fault, answer)
  pending.ready, pending.fault, pending.answer = true, fault, answer
  armed = armed - 1
  local task = pending.task
  if task then
    pending.task = nil
    loop.schedule(task)
  end
end

local function drop_all()
  local lost = flying
  flying = {}
  for _, pending in pairs(lost) do
    pending.id = nil
    if not pending.ready then land(pending, "forked", {}) end
  end
end

-- Gives everything that the inbox holds to its pending.
local function deliver()
  if not inbox then return end
  while true do
    local id, fault, answer = inbox:take()
    if id == nil then return end
    local pending = id and flying[id]
    if id == false then
      drop_all()
    elseif pending then
      if fault or not pending.parks then
        flying[id] = nil
        pending.id = nil
      end
      land(pending, fault, answer or {})
    end
  end
end

--- Takes what has come back and lets the tasks that waited for it go on. To be called when loop.fd() is readable.
function loop.pump()
  deliver()
  loop.step()
end

--- The descriptor that is readable while something has come back.
-- @treturn number
function loop.fd()
  return loop.inbox():fd()
end

--- Waits until something has come back, or a signal came.
-- @treturn boolean false: nothing is in flight, so nothing will ever come
function loop.block()
  if armed == 0 then return false end
  inbox:wait()
  return true
end

--- A poll's answer was not final: look again on its schedule.
function loop.again(pending)
  if not pending.id then return end
  pending.ready = false
  armed = armed + 1
  inbox:again(pending.id)
end

--- Ends work: nothing more is delivered for it, and who awaits it gets the fault "cancelled".
function loop.cancel(pending)
  local id = pending.id
  if id then
    flying[id], pending.id = nil, nil
    inbox:cancel(id)
  end
  if pending.ready then
    if id then pending.fault, pending.answer = "cancelled", {} end
  elseif pending.abroad then
    loop.nudge(pending)
    pending.fault = "cancelled"
  else
    land(pending, "cancelled", {})
  end
end

--- Makes `pending` done by way of the inbox, so that a host which waits for the descriptor notices.
function loop.nudge(pending)
  if pending.id then
    flying[pending.id] = nil
    armed = armed - 1
  end
  local id = loop.inbox():sleep(0)
  if id then
    fly(pending, id)
  else
    pending.ready = true
  end
end

-- Awaiting

--- The task of ours that runs at this moment, if its own coroutine is the one that runs.
function loop.task()
  local co = running()
  return co and tasks[co]
end

local function abroad(pending)
  pending.abroad = true
  adapter.await(pending)
  pending.abroad = nil
  if not pending.ready then error("esim: the adapter's await came back before pending:done()", 0) end
end

-- Suspends the caller, in whatever way is his, until `pending.ready`. `enlist(task)` asks to be told.
local function suspend(pending, enlist)
  local task = loop.task()
  if task then
    while not pending.ready do
      enlist(pending, task)
      coroutine.yield(MARK)
    end
  elseif adapter then
    abroad(pending)
  else
    blocking.await(loop, pending, depth > 0 and not pending.gate)
  end
end

local function enlist_one(pending, task)
  pending.task = task
end

--- Waits for the next delivery to `pending`: in a task of ours, that task alone; under an adapter, as it says; anywhere
-- else (the main thread, and a coroutine that neither knows) everything.
-- @return the core's word for the fault, or nil
-- @treturn table the core's answer
function loop.await(pending)
  if not pending.ready then suspend(pending, enlist_one) end
  return pending.fault, pending.answer
end

-- Gates

local gate_methods = {}
local gate_meta = { __index = gate_methods }

--- Something that happens in Lua and that any number of coroutines may await.
-- @treturn table with `await()`, `open()` and `done()`
function loop.gate()
  return setmetatable({ ready = false, gate = true, tasks = {}, hosts = {} }, gate_meta)
end

gate_methods.done = pending_methods.done

local function enlist_many(gate, task)
  gate.tasks[#gate.tasks + 1] = task
end

--- Waits until the gate is open.
function gate_methods:await()
  if self.ready then return end
  if adapter and not loop.task() then
    local pending = new_pending()
    pending.hosted = true
    self.hosts[#self.hosts + 1] = pending
    return abroad(pending)
  end
  suspend(self, enlist_many)
end

--- Opens it, for good.
function gate_methods:open()
  self.ready = true
  for _, task in ipairs(self.tasks) do loop.schedule(task) end
  for _, pending in ipairs(self.hosts) do loop.nudge(pending) end
  self.tasks, self.hosts = {}, {}
end

-- Tasks, as far as the loop sees them: { co = coroutine, first = function(task, …) end }

--- From now on `co` is a task's coroutine (or, with nil, no longer).
function loop.know(co, task)
  tasks[co] = task
end

local function resume(task)
  if coroutine.status(task.co) ~= "suspended" then return end  -- somebody else resumed it
  depth = depth + 1
  local ok, problem = coroutine.resume(task.co)
  depth = depth - 1
  if not ok then task.died(task, problem) end
end

--- Lets every task that can go on do so, until none can.
function loop.step()
  while first <= last do
    local task = ready[first]
    ready[first] = nil
    first = first + 1
    resume(task)
  end
  first, last = 1, 0
end

loop.resume = resume

--- Whether the caller runs inside a task, in a coroutine of its own or of the task's.
function loop.nested()
  return depth > 0
end

--- Names the host's loop.
-- @tparam ?table to_use `{ await = function(pending) … end }`; nil: none
function loop.use(to_use)
  adapter = to_use
end

-- Lua 5.1's pcall cannot be yielded across.
local pcall_yields = coroutine.wrap(function() return pcall(coroutine.yield, true) end)()

local function relay(co, task, ok, ...)
  if coroutine.status(co) == "dead" then
    tasks[co] = nil
    return ok, ...
  end
  return relay(co, task, coroutine.resume(co, coroutine.yield(...)))
end

local function pcall_in_coroutine(f, ...)
  local co, task = coroutine.create(f), loop.task()
  tasks[co] = task
  return relay(co, task, coroutine.resume(co, ...))
end

--- pcall() that may be yielded across in every Lua.
loop.pcall = pcall_yields and pcall or function(f, ...)
  if not running() then return pcall(f, ...) end  -- 5.1: nothing to yield to
  return pcall_in_coroutine(f, ...)
end

return loop

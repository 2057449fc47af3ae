--- Who waits in coroutines that a loop runs: what the hosts of cqueues, luv and copas share. Where the coroutine is
-- gone, because the collector took it with its loop, its work is ended; an order that is on its way is finished, and
-- its outcome goes to whom it was left.

local err = require "esim.err"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"
local queue = require "esim.loop.queue"

local waits = {}

local unpack = table.unpack or unpack

local threads = setmetatable({}, { __mode = "kv" })  -- by pending; it holds neither
local line = queue.new()                             -- pendings that somebody waited for, to be examined

local WAKES = 32       -- at most that many are woken in one turn of a loop
local EXAMINED = 2     -- older waits that each new one examines
local LATE = 10        -- seconds after which an outcome that nobody has taken is left

-- A coroutine may have been taken out of its loop, and still not be collected: its turn has long been.
local function is_late(pending)
  pending.late = pending.late or native.clock() + LATE
  return pending.home.may_lose and native.clock() > pending.late
end

-- Whether nobody lives to take the outcome of `pending`; then it is seen to.
local function is_gone(pending)
  local thread = threads[pending]
  if thread and not pending.home.is_over(thread) then
    return false
  elseif not loop.kept()[pending] then
    loop.cancel(pending)
  elseif pending.ready then
    loop.leave(pending)
  else
    loop.abandon(pending)
  end
  return true
end

-- Whether something must come from the engine, for which the descriptor is watched.
local function needs_engine(pending)
  return pending.id or pending.any
end

-- Where he cannot be woken he stays, and whoever examines him tries again; for want of memory, whoever looks next into
-- the inbox (see loop.settle), for which its descriptor is readable.
local function settled(pending)
  local crowd = pending.crowd
  if not is_gone(pending) then
    local ok, reason = pcall(crowd.wake, pending)
    if reason == protect.NO_MEMORY then
      loop.inbox():hold(true)
      error(reason, 0)
    elseif not ok then
      return
    end
  end
  pending.crowd, pending.wake = nil, nil
  if needs_engine(pending) then
    crowd.count = crowd.count - 1
    if crowd.count == 0 then
      crowd.idle(crowd)
    end
  end
end

local function examine()
  for _ = 1, EXAMINED do
    local pending = queue.take(line)
    if not pending then
      return
    elseif pending.ready and pending.crowd then
      queue.put(line, pending)
      settled(pending)
    elseif pending.ready and not loop.kept()[pending] then
      pending.queued = nil
    elseif is_gone(pending) then
      pending.queued = nil
    elseif pending.ready and is_late(pending) then
      loop.leave(pending)
    else
      queue.put(line, pending)
    end
  end
end

--- Those who wait in one loop.
-- @param wake     function(pending): let its coroutine go on, later
-- @param idle     function(crowd): nobody waits any more, or nil
-- @param is_over  function(coroutine): whether the loop resumes it no more though it is not collected, or nil
-- @return { count = how many of them wait for the engine }; `may_lose`: it ends coroutines without a word
function waits.crowd(wake, idle, is_over)
  local function nothing() end
  return { count = 0, wake = wake, idle = idle or nothing, is_over = is_over or nothing }
end

--- The calling coroutine begins to wait for `pending`.
function waits.join(crowd, pending)
  threads[pending] = protect.running()
  if not pending.crowd then
    pending.home, pending.crowd, pending.wake = crowd, crowd, settled
    crowd.count = crowd.count + (needs_engine(pending) and 1 or 0)
  end
  if pending.id and not pending.queued then
    pending.queued = true
    examine()
    queue.put(line, pending)
  end
end

--- Suspend the calling coroutine with `yield(...)`; `pending.thread` is what the loop resumes, and holds it.
function waits.suspend(pending, yield, ...)
  pending.thread = protect.running()
  yield(...)
  pending.thread = nil
end

--- Take what the inbox holds, or a part of it: then the descriptor stays readable. Where there is no memory for it, it
-- stays too.
function waits.look()
  pcall(loop.pump, WAKES)
end

--- Resume `thread`. Its error is nobody else's: it is told, for the loop has no word for it.
function waits.resume(thread)
  local ok, reason = coroutine.resume(thread)
  if not ok then
    loop.tell("esim: a coroutine failed: " .. err.redact(debug.traceback(thread, tostring(reason))))
  end
end

--- Let those of a list go on that are in it now.
-- @param list    of { thread = coroutine }; without it where others have resumed that
-- @param resume  function(coroutine)
function waits.drain(list, resume)
  local now = {}
  for i = 1, #list do
    now[i], list[i] = list[i], nil
  end
  for _, waiter in ipairs(now) do
    local thread = waiter.thread
    if thread and coroutine.status(thread) == "suspended" then  -- Lua 5.1 could not suspend it inside pcall: it went on
      resume(thread)
    end
  end
end

--- A function without parameters that calls `f` with the further arguments.
function waits.bind(f, ...)
  local count, list = select("#", ...), { ... }
  return function()
    return f(unpack(list, 1, count))
  end
end

return waits

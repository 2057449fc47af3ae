--- pcall that a coroutine can suspend inside of, also in Lua 5.1.

local protect = {}

protect.NO_MEMORY = "not enough memory"  -- Lua's own words (LUA_ERRMEM)

-- Of each coroutine that stands in for another, that; neither keeps the other from the collector.
local outer = setmetatable({}, { __mode = "kv" })

--- The coroutine that the running one stands in for; itself, where it stands in for none.
-- @return coroutine, or nil on the main thread of Lua 5.1
function protect.running()
  local thread = coroutine.running()
  while thread and outer[thread] do
    thread = outer[thread]
  end
  return thread
end

--- Have `inner` stand in for the coroutine `thread`.
function protect.put(inner, thread)
  outer[inner] = thread
end

local function carry(inner, ok, ...)
  if ok and coroutine.status(inner) == "suspended" then
    return carry(inner, coroutine.resume(inner, coroutine.yield(...)))
  end
  return ok, ...
end

local function stand_in(f)
  local inner = coroutine.create(function(...)
    return f(...)  -- which may be a C function: coroutine.create refuses those
  end)
  protect.put(inner, coroutine.running())
  return inner
end

-- Lua 5.1 cannot yield across pcall: a coroutine takes the call, and what it yields is handed on.
local function carried(f, ...)
  if not coroutine.running() then
    return pcall(f, ...)
  end
  local inner = stand_in(f)
  return carry(inner, coroutine.resume(inner, ...))
end

local function add_trace(inner, ok, ...)
  if ok then
    return ok, ...
  end
  return ok, (...), debug.traceback(inner)
end

local function carried_trace(f, ...)
  local inner = stand_in(f)
  return add_trace(inner, carry(inner, coroutine.resume(inner, ...)))
end

local function take_apart(ok, ...)
  if ok then
    return ok, ...
  end
  return ok, (...)[1], (...)[2]
end

local function traced(f, ...)
  return take_apart(xpcall(f, function(reason)
    return { reason, debug.traceback("", 2) }
  end, ...))
end

-- Lua 5.1 calls a loop's iterator and what `pcall` calls from C, where no coroutine can be suspended; LuaJIT and later
-- ones do not. Not tried out: where nginx requires us in a request, a coroutine that is resumed suspends the `require`.
local FROM_C = _VERSION == "Lua 5.1" and type(rawget(_G, "jit")) ~= "table"

--- Whether an iterator may wait for what it gives, in a `for` of the caller's.
function protect.may_iterate()
  return not FROM_C or coroutine.running() == nil
end

--- Call `f` with the further arguments.
-- @return true and its results | false and what it raised
protect.call = FROM_C and carried or pcall

--- The same, in a coroutine, for who is to tell where it went wrong.
-- @return true and its results | false, what it raised, a traceback
protect.trace = FROM_C and carried_trace or traced

return protect

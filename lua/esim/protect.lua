--- pcall that a coroutine can suspend inside of, also in Lua 5.1.

local protect = {}

protect.NO_MEMORY = "not enough memory"  -- Lua's own words (LUA_ERRMEM)

local outer = setmetatable({}, { __mode = "k" })  -- of each coroutine that stands in for a pcall, the caller's

--- The coroutine that the running one stands in for; itself, where it stands in for none.
-- @return coroutine, or nil on the main thread of Lua 5.1
function protect.running()
  local thread = coroutine.running()
  while thread and outer[thread] do
    thread = outer[thread]
  end
  return thread
end

local function carry(inner, ok, ...)
  if ok and coroutine.status(inner) == "suspended" then
    return carry(inner, coroutine.resume(inner, coroutine.yield(...)))
  end
  return ok, ...
end

-- Lua 5.1 cannot yield across pcall: a coroutine takes the call, and what it yields is handed on.
local function carried(f, ...)
  local caller = coroutine.running()
  if not caller then
    return pcall(f, ...)
  end
  local inner = coroutine.create(function(...)
    return f(...)  -- which may be a C function: coroutine.create refuses those
  end)
  outer[inner] = caller
  return carry(inner, coroutine.resume(inner, ...))
end

local function suspends()
  local thread = coroutine.create(function()
    return pcall(coroutine.yield)
  end)
  coroutine.resume(thread)
  return coroutine.status(thread) == "suspended"
end

--- Call `f` with the further arguments.
-- @return true and its results | false and what it raised
protect.call = suspends() and pcall or carried

return protect

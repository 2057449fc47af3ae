--- pcall for functions of the user's that may wait: Lua 5.1 cannot suspend inside its own.

local protect = {}

local function relay(thread, ok, ...)
  if not ok or coroutine.status(thread) == "dead" then
    return ok, ...
  end
  return relay(thread, coroutine.resume(thread, coroutine.yield(...)))
end

-- In a coroutine of its own, whose yields reach the host of ours.
local function call_apart(f, ...)
  local thread = coroutine.create(function(...)
    return f(...)  -- which may be a C function: coroutine.create refuses those
  end)
  return relay(thread, coroutine.resume(thread, ...))
end

local function suspends()
  local thread = coroutine.create(function()
    return pcall(coroutine.yield)
  end)
  coroutine.resume(thread)
  return coroutine.status(thread) == "suspended"
end

--- As pcall. In Lua 5.1 a wait inside blocks the whole script, unless esim.use names the host's scheduler.
-- @return true and the results of f, or false and its error
protect.call = suspends() and pcall or call_apart

return protect

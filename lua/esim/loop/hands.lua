--- Hands: coroutines that do for a task what would make its own stack grow, which it then had as long as it waits. Lua
-- 5.4 makes a coroutine with room for 40 values and doubles that where it does not do; each C function wants 20.
--
-- In its own coroutine (`hands.thread`; false: none runs that may) a task yields `hands.ERRAND, step, …`. A hand calls
-- `step(…)`, which may wait as the task itself may, and returns
--   pending                  when that is ready a hand calls `pending:step()`; until then no hand is needed
--   nil, true, …             the task goes on with these
--   nil, false, reason       that is raised in the task
--   nil, hands.HERE          the task does it on its own stack
-- What a step raises ends its hand, and is raised in the task too.

local native = require "esim.native"
local protect = require "esim.protect"

local hands = { ERRAND = {}, HERE = {}, thread = false }

local DONE = {}
local SPARE = 16  -- hands that are kept for the next step
local spare, count = {}, 0

for i = 1, SPARE do
  spare[i] = false
end

local is_yieldable = coroutine.isyieldable or function() return true end  -- Lua 5.1 does not tell

-- As csrc/bind/errand.c, where Lua lets no C function be suspended.
local function errand(step, otherwise)
  return function(a, b)
    if hands.thread and coroutine.running() == hands.thread and is_yieldable() then
      local fine, result, e = coroutine.yield(hands.ERRAND, step, a, b)
      while fine == nil do  -- somebody else resumed it
        fine, result, e = coroutine.yield()
      end
      if fine == true then
        return result, e
      elseif not fine then
        error(result, 0)
      end
    end
    local result, e = otherwise(a, b)  -- no tail call: levels are counted
    return result, e
  end
end

--- A function of two arguments and two results that is an errand for who is in a task.
-- @param step       function: the first step
-- @param otherwise  function: does it on the caller's stack; its caller is two levels up
hands.errand = native.errand and function(step, otherwise)
  return native.errand(hands, step, otherwise)
end or errand

local function labour(step, ...)
  return labour(coroutine.yield(DONE, step(...)))
end

--- A hand for the task of a coroutine, to be resumed with a step and what that takes.
-- @return coroutine
function hands.take(thread)
  local hand = count > 0 and spare[count] or coroutine.create(labour)
  protect.put(hand, thread)
  if count > 0 then
    spare[count], count = false, count - 1
  end
  return hand
end

--- Whether a hand has done its step, by the first thing that it yielded: then it is free. Else it waits.
function hands.is_done(hand, first)
  if first == DONE and count < SPARE then
    count = count + 1
    spare[count] = hand
  end
  return first == DONE
end

return hands

--- Hands: coroutines that do for a task what would make its own stack grow, which it then had as long as it waits. Lua
-- 5.4 makes a coroutine with room for 40 values and doubles that where it does not do; each C function wants 20.
--
-- In its own coroutine (`hands.thread`; false: none runs that may) a task yields `hands.ERRAND, step, …`. A hand calls
-- `step(…)`, which may wait as the task itself may, and returns
--   pending                  when that is ready a hand calls `pending:step()`; until then no hand is needed
--   nil, true, …             the task goes on with these
--   nil, false, reason       that is raised in the task
--   nil, hands.HERE          the task does it on its own stack
-- What a step raises ends its hand, and is raised in the task too; what it had waited for is an orphan then (loop.lua).

local native = require "esim.native"
local protect = require "esim.protect"

local hands = { ERRAND = {}, HERE = {}, thread = false }

local DONE = {}
local SPARE = 16  -- hands that are kept for the next step
local spare, count = {}, 0

for i = 1, SPARE do
  spare[i] = false
end

local is_yieldable = coroutine.isyieldable  -- Lua 5.1 does not tell

-- What somebody else resumes the task with is not for it.
local function await_hand(fine, ...)
  if fine == true or fine == false or fine == hands.HERE then
    return fine, ...
  end
  return await_hand(coroutine.yield())
end

-- As csrc/bind/errand.c, where Lua lets no C function be suspended. Lua 5.1 finds that it cannot suspend a task inside
-- pcall only when it is to: what needs no wait is done before.
local function errand(step, otherwise, needs)
  local function may_yield(a, b)
    if is_yieldable then
      return is_yieldable()
    end
    return needs(a, b)
  end
  return function(a, b)
    if hands.thread and coroutine.running() == hands.thread and may_yield(a, b) then
      local fine, result, e = await_hand(coroutine.yield(hands.ERRAND, step, a, b))
      if fine == false then
        error(result, 0)
      elseif fine == true and e == nil then
        return result
      elseif fine == true then
        return result, e
      end
    end
    local result, e = otherwise(a, b)  -- no tail call: levels are counted
    if e == nil then
      return result
    end
    return result, e
  end
end

--- A function of two arguments that is an errand for who is in a task. It returns one thing, or nil and another.
-- @param step       function: the first step
-- @param otherwise  function: does it on the caller's stack; its caller is two levels up
-- @param needs      function: whether it has to be waited for; asked on the caller's stack in Lua 5.1
hands.errand = native.errand and function(step, otherwise)
  return native.errand(hands, step, otherwise)
end or errand

-- Who kept a hand of its own on_status, and resumes it later, brings no step.
local function labour(step, ...)
  if not step then
    return labour(coroutine.yield(DONE))
  end
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

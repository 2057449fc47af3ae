--- Hands: coroutines that do for a task what would make its own stack grow, which it then had as long as it waits. Lua
-- 5.4 makes a coroutine with room for 40 values and doubles that where it does not do; each C function wants 20.
--
-- In its own coroutine (`hands.thread`; false: none runs that may) a task yields `hands.ERRAND, step, …`. A hand calls
-- `step(…)`, which may wait as the task itself may, and returns
--   pending        when that is ready a hand calls `pending:step()`; until then no hand is needed
--   nil, …         the task goes on with these
-- What a step raises ends its hand, and the task goes on with false and that.

local protect = require "esim.protect"

local hands = { ERRAND = {}, thread = false }

local DONE = {}
local SPARE = 16  -- hands that are kept for the next step
local spare, count = {}, 0

for i = 1, SPARE do
  spare[i] = false
end

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

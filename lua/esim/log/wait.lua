--- A wait for an order as its client's log is told of it: begun, and ended once, also where the caller is gone by then.

local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"

local wait = {}

local GRACE = 60  -- seconds that a wait may last beyond its deadline

--- @param state    "begun" or "ended"
-- @param outcome  word, of one that has ended
function wait.tell(told, about, state, outcome)
  told:tell {
    what = "wait", state = state, outcome = outcome, order_id = about.order_id, correlation_id = about.correlation_id,
    seconds = about.placed and native.clock() - about.placed,
  }
end

-- Its variables are its own: those of a coroutine that nginx has ended hold anything.
local function ended_for(told, about)
  return function()
    wait.tell(told, about, "ended", "gone")
  end
end

--- Wait by `f(...)`.
-- @param told   log
-- @param about    order_id, correlation_id, placed (native.clock(), or nil: not known)
-- @param timeout  of the wait, in seconds
-- @return what `f` returned: its outcome (a word) first; what it raises is raised on
function wait.follow(told, about, timeout, f, ...)
  wait.tell(told, about, "begun")
  local lease = loop.lease(timeout + GRACE, ended_for(told, about))
  local ok, outcome, e = protect.call(f, ...)
  if lease then
    loop.cancel(lease)
  end
  wait.tell(told, about, "ended", ok and outcome or "raised")
  if not ok then
    error(outcome, 0)
  end
  return outcome, e
end

return wait

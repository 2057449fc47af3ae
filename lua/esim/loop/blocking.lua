--- Waiting where nobody can be suspended: the whole state waits.

local blocking = {}

--- Returns once `pending` is done. Tasks that can go on do so meanwhile.
-- @tparam table loop esim.loop
-- @tparam table pending
-- @tparam boolean alone leave the other tasks where they are: the caller is inside one of them, in a coroutine which
-- the loop does not know, and each further task on top of it would use up the C stack
function blocking.await(loop, pending, alone)
  local look = alone and loop.deliver or loop.pump
  while true do
    look()
    if pending:done() then return end
    if not loop.block() then
      error("esim: deadlock: nothing is in flight that could end this wait", 0)
    end
  end
end

return blocking

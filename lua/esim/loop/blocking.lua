--- The host of a plain script: whoever waits blocks.
-- A host is a table that knows how to wait, and nothing of what is waited for:
--   name
--   await(pending)      return when `pending:done()` may have become true
-- and, where it has them:
--   here()              whether it can suspend the caller; where it cannot, he blocks
--   spawns()            whether `spawn` works where the caller is
--   check(call, level)  raise at `level` where `call` could not wait
--   submitted(pending)  something is in flight
--   sleep(seconds)      instead of the engine's
--   spawn(f, ...)       a thread of its own, which runs `f`
--   unguarded           a hook that waits in the middle of another's work is its own to meet
--   detach(f, ...)      the same as `spawn`, but it outlives the caller; false: not possible
--   share(n)            this process's part of what is allowed to all processes together
--   tell(line, level)   write into its log; level "info", or "warn" (default)

local blocking = { name = "blocking" }

function blocking.await()
  require("esim.loop").wait()  -- which requires this file
end

function blocking.tell(line)
  io.stderr:write(line, "\n")
end

return blocking

--- The host of a plain script: whoever waits blocks.
-- A host is a table that knows how to wait, and nothing of what is waited for:
--   name
--   await(pending)      return when `pending:done()` may have become true
-- and, where it has them:
--   check(call, level)  raise at `level` where `call` could not wait
--   submitted(pending)  something is in flight
--   sleep(seconds)      instead of the engine's
--   spawn(f, ...)       a thread of its own, which runs `f`
--   detach(f, ...)      the same, but it outlives the caller; false: not possible
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

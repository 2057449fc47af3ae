-- While nobody waited the engine's thread saw to the work, and what it brought just as somebody began to wait was there
-- and not seen: he waited for ever.

local core = require "esim.core"

local box = core.inbox()
local ROUNDS = 150
local AWAY = 0.05  -- seconds after which the thread sees to an absent caller, and more

-- Submit a sleep, be busy elsewhere until just before its end, and wait for it then.
-- @return seconds beyond its end
local function late(before)
  local due = core.clock() + AWAY
  assert(box:sleep(AWAY))
  while core.clock() < due - before do end
  repeat
    box:wait(5)
    local id = box:take()
  until id
  return core.clock() - due
end

describe("what the engine's thread brings", function()
  it("is seen by who begins to wait at that moment", function()
    for i = 1, ROUNDS do
      local seconds = late(i / ROUNDS * 2e-4)
      assert.is_true(seconds < 4, ("round %d waited %.1f s"):format(i, seconds))
    end
  end)
end)

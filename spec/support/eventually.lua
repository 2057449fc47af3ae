-- Waiting for what a machine does in its own time.

local esim = require "esim"
local native = require "esim.native"

local PAUSE = 0.02     -- seconds between two looks
local PATIENCE = 30    -- seconds, after which a spec has gone wrong: nothing is measured by it

--- Wait until `condition()` holds.
-- @return what it returned, or nil after `seconds`
return function(condition, seconds)
  local deadline = native.clock() + (seconds or PATIENCE)
  repeat
    local value = condition()
    if value then
      return value
    end
    esim.sleep(PAUSE)
  until native.clock() > deadline
  return nil
end

-- Where there was no memory for the hand that was to go on with a task's wait, its poll was held for ever; and where
-- the scheduler itself found none, a task was counted as alive that nobody would ever resume: later runs did not end.

local starved = require "spec.support.starved"

local interpreter = starved.interpreter

-- Since 5.2 Lua tries each a second time.
local COUNTS = interpreter() == "lua5.1" and { 1, 30 } or { 2, 30 }

describe("tasks that wait", function()
  local said_by

  setup(function() said_by = starved.start_each("failing_tasks", COUNTS, true) end)

  for _, count in ipairs(COUNTS) do
    it("leave nothing behind for want of memory: " .. count .. " allocation(s) failing", function()
      local said = said_by(count)
      local allocates = interpreter() ~= "luajit"  -- which has an allocator of its own
      assert.truthy(said:find(allocates and "^%d+ runs, some raised\n$" or "^%d+ runs"), said)
    end)
  end
end)

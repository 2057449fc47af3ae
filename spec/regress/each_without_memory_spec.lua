-- What was woken entered the queue of esim.each by a table that grows: where there was no memory for it a hole stayed,
-- behind which nothing came any more. And an order that its source had given was lost when its wait could not be made.

local starved = require "spec.support.starved"

local COUNTS = { 2, 30 }

describe("each of many orders", function()
  local said_by

  setup(function() said_by = starved.start_each("failing_each", COUNTS) end)

  for _, count in ipairs(COUNTS) do
    it("comes once where steps raise for want of memory: " .. count .. " allocation(s) failing", function()
      local said = said_by(count)
      local allocates = starved.interpreter() ~= "luajit"  -- which has an allocator of its own
      assert.truthy(said:find(allocates and "^%d+ runs, some raised\n$" or "^%d+ runs"), said)
    end)
  end
end)

-- What was woken entered the queue of esim.each by a table that grows: where there was no memory for it a hole stayed,
-- behind which nothing came any more. And an order that its source had given was lost when its wait could not be made.

local provider = require "spec.support.provider"

-- Plain interpreters alone: a sanitizer has an allocator of its own.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

describe("each of many orders", function()
  for _, count in ipairs { 2, 30 } do
    it("comes once where steps raise for want of memory: " .. count .. " allocation(s) failing", function()
      local box, lua = provider.start { delay = 0 }, interpreter()
      local pipe = assert(io.popen(("LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_failing.so timeout 60 %s"
        .. " spec/support/failing_each.lua %d %s %s 2>&1"):format(lua, lua, lua, count, box.url, box.token)))
      local said = pipe:read "*a"
      pipe:close()
      assert(box.stop())
      local allocates = lua ~= "luajit"  -- which has an allocator of its own
      assert.truthy(said:find(allocates and "^%d+ runs, some raised\n$" or "^%d+ runs"), said)
    end)
  end
end)

-- Where there was no memory for the hand that was to go on with a task's wait, its poll was held for ever; and where
-- the scheduler itself found none, a task was counted as alive that nobody would ever resume: later runs did not end.

local provider = require "spec.support.provider"

-- Plain interpreters alone: a sanitizer has an allocator of its own.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

-- Since 5.2 Lua tries each a second time.
local COUNTS = interpreter() == "lua5.1" and { 1, 30 } or { 2, 30 }

describe("tasks that wait", function()
  for _, count in ipairs(COUNTS) do
    it("leave nothing behind for want of memory: " .. count .. " allocation(s) failing", function()
      local box, lua = provider.start { delay = 0 }, interpreter()
      local pipe = assert(io.popen(("LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_failing.so timeout 90 %s"
        .. " spec/support/failing_tasks.lua %d %s %s 2>/dev/null"):format(lua, lua, lua, count, box.url, box.token)))
      local said = pipe:read "*a"
      pipe:close()
      assert(box.stop())
      local allocates = lua ~= "luajit"  -- which has an allocator of its own
      assert.truthy(said:find(allocates and "^%d+ runs, some raised\n$" or "^%d+ runs"), said)
    end)
  end
end)

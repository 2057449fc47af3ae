-- Every allocation fails in turn, Lua's, libcurl's and libpng's too: no order is lost, none is doubled, and each
-- error says the truth. The sandbox counts.

local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)

local LEAST, MOST = {
  placed = 1, not_sent = 0, unknown = 0, answer = 0, raised = 0, invalid = 0,
}, {
  placed = 1, not_sent = 0, unknown = 1, answer = 1, raised = 0, invalid = 0,
}

-- Plain interpreters alone: a sanitizer has an allocator of its own.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

local function run(count, log)
  local lua = interpreter()
  local pipe = assert(io.popen(("LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_failing.so"
    .. " %s spec/support/failing.lua %s %s %d 1 %s 2>&1"):format(lua, lua, lua, box.url, box.token, count, log)))
  local lines = {}
  for line in pipe:lines() do lines[#lines + 1] = line end
  pipe:close()
  return lines
end

for _, case in ipairs { { 1, "" }, { 30, "" }, { 1, "log" }, { 30, "log" } } do
  describe(case[1] .. " allocation(s) failing" .. (case[2] == "" and "" or " with a log"), function()
    it("at each place in turn lose no order and double none", function()
      local lines = run(case[1], case[2])
      assert.equal("afterwards\tplaced", lines[#lines], table.concat(lines, "\n", math.max(1, #lines - 5)))
      local taken, seen, failed = box.log().by_correlation_id, 0, 0
      for _, line in ipairs(lines) do
        local id, outcome, failures = line:match("^(memory%S+)\t([%a_]+)[^\t]*\t(%d+)$")
        if id then
          local times = taken[id] or 0
          assert.is_true(times >= LEAST[outcome] and times <= MOST[outcome], line .. ", taken " .. times)
          seen, failed = seen + 1, failed + tonumber(failures)
        end
      end
      assert.is_true(seen > 30 and failed > 30, seen .. " runs, " .. failed .. " failures")
    end)
  end)
end

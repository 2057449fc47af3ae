-- Every allocation of a drawing and of a mail fails in turn, libpng's and libqrencode's too: what is given is whole.

local WAYS = { "symbol", "mail", "png", "data_uri", "svg", "eps", "text" }

-- Plain interpreters alone: a sanitizer has an allocator of its own.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

describe("a drawing without memory", function()
  for _, count in ipairs { 1, 1000 } do
    it("is refused, or whole: " .. count .. " allocation(s) failing at each place in turn", function()
      local lua, lines = interpreter(), {}
      local pipe = assert(io.popen(("LUA_PATH='lua/?.lua;;' LUA_CPATH='build/%s/?.so;;'"
        .. " LD_PRELOAD=build/%s/esim_failing.so timeout 120 %s spec/support/failing_draw.lua %d 2>&1"):format(lua, lua,
        lua, count)))
      for line in pipe:lines() do lines[#lines + 1] = line end
      pipe:close()
      assert.equal(#WAYS, #lines, table.concat(lines, "\n"))
      for i, line in ipairs(lines) do
        local name, whole, refused, others = line:match "^(%S+)\t(%d+)\t(%d+)\t(.*)$"
        assert.equal(WAYS[i], name, line)
        assert.equal("", others, line)
        assert.is_true(tonumber(whole) >= 3 and tonumber(refused) >= 1, line)
      end
    end)
  end
end)

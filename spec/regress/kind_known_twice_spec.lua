-- Where there was no memory for a kind of order, its first word was made a kind although it was one: from then on there
-- were two of that name, and what the one learned was not in the other.

-- Plain interpreters alone: a sanitizer has an allocator of its own.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

describe("a kind of orders", function()
  it("is known once, wherever there was no memory for one", function()
    local lua = interpreter()
    local pipe = assert(io.popen(("LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_failing.so timeout 60 %s"
      .. " spec/support/failing_experience.lua 2>&1"):format(lua, lua, lua)))
    local said = pipe:read "*a"
    pipe:close()
    assert.equal("201 runs\n", said)
  end)
end)

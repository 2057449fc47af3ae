-- How the engine waits for its sockets, on a system that does not let it wait as finely as it would.

local provider = require "spec.support.provider"
local starved = require "spec.support.starved"

local SCRIPT = [[
  local esim, refused = require "esim", require "esim_refusing"
  local input = require("spec.support.provider").input()
  local client = assert(esim.client { url = arg[1], token = arg[2] })
  local code
  esim.run(function()
    local placed = assert(client:order(input))
    esim.sleep(0.0005)
    code = assert(placed:wait { timeout = 20, first = 0.0015, factor = 1, cap = 0.0015 }):code()
  end)
  print(refused(), #code)
]]

describe("where the system refuses the finer wait", function()
  it("it is asked for once, and an order is placed and waited for all the same", function()
    local box = provider.start { delay = 0.1 }
    local lua, script = starved.interpreter(), os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write(SCRIPT)
    file:close()
    local command = "LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_refusing.so timeout 60 %s %s %s %s"
    local pipe = assert(io.popen(command:format(lua, lua, lua, script, box.url, box.token)))
    local said = pipe:read "*a"
    pipe:close()
    os.remove(script)
    assert(box.stop())
    local refused, size = said:match("^(%d+)%s+(%d+)")
    assert.is_true(tonumber(refused) <= 1, said)  -- 0: built with a C library that has no such call
    assert.is_true(tonumber(size) > 20, said)
  end)
end)

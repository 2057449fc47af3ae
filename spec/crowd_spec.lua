-- Many slow exchanges at once: what they bring is taken together, which costs less than one by one.

local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"
local starved = require "spec.support.starved"

local SERVER = [[
  location ~ ^/v1/order/((slow|late|fast).*)$ { content_by_lua_block {
    local pause = { slow = 0.05 + 0.1 * math.random(), late = 3 }
    if pause[ngx.var[2] ] then ngx.sleep(pause[ngx.var[2] ]) end
    ngx.print('{"id":"' .. ngx.var[1] .. '","status":"FULFILLING"}')
  } }
]]

describe("a crowd of slow exchanges", function()
  local box, server

  setup(function()
    box = provider.start { logs = false }
    server = nginx.start { sandbox = box, workers = "1", server = SERVER }
  end)
  teardown(function()
    assert(server:stop())
    assert(box.stop())
  end)

  -- By case what the script says of it.
  local function rests()
    local pipe = starved.start("crowd", { "http://127.0.0.1:" .. server.port }, false, "counting")
    local said, found = pipe:read "*a", {}
    pipe:close()
    for case, number in said:gmatch "(%S+)\t(%S+)\n" do
      found[case] = tonumber(number)
    end
    assert.truthy(found.fast, said)
    return found
  end

  it("is taken together, a few are not, and nothing is late for it", function()
    provider.slowly(function()
      local found = rests()
      assert.equal(0, found.few)
      assert.is_true(found.many > 0, found.many)
      assert.is_true(found["time-out"] > 0.009, found["time-out"])
      assert.equal(0, found.handshake)
      assert.is_true(found.fast <= 0, found.fast)
      return found.fast == 0  -- else this machine is too slow for it
    end)
  end)
end)

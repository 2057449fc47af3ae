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

  local function count()
    local pipe = starved.start("crowd", { "http://127.0.0.1:" .. server.port }, false, "counting")
    local said = pipe:read "*a"
    pipe:close()
    local few, many, beside, fastest = said:match "^(%d+)\t(%d+)\t(%d+)\t(%S+)"
    assert.truthy(few, said)
    return tonumber(few), tonumber(many), tonumber(beside), tonumber(fastest)
  end

  it("is taken together, a few are not, and a fast one beside it does not wait", function()
    provider.slowly(function()
      local few, many, beside, fastest = count()
      assert.equal(0, few)
      assert.is_true(many > 10, many)
      assert.is_true(beside == 0 or fastest > 0.004, beside .. " for " .. fastest .. " s")
      return fastest < 0.004  -- else this machine is too slow for it
    end)
  end)
end)

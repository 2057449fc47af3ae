-- Only under LuaJIT: many orders waited for inside nginx, by one light thread.

local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local SERVER = [[
  location = /each {
    content_by_lua_block {
      local esim = require "esim"
      local input = require("spec.support.provider").input
      local connect = assert(esim.client { url = os.getenv "SHOP_URL", token = os.getenv "SHOP_TOKEN" })
      local orders, ticks, count = {}, 0, 0
      for i = 1, 20 do orders[i] = assert(connect:order(input "sandbox:slow=0.5")) end
      local beside = ngx.thread.spawn(function()
        while count < 20 do
          ngx.sleep(0.02)
          ticks = ticks + 1
        end
      end)
      for order, profile, err in esim.each(connect, orders, { timeout = 20, first = 0.1, factor = 1 }) do
        assert(profile, tostring(err))
        assert(order.id)
        count = count + 1
      end
      ngx.thread.wait(beside)
      ngx.say(count, " ", ticks > 3, " ", require("esim.loop").count())
    }
  }
]]

describe("each of many orders inside nginx", function()
  for _, fallback in ipairs { false, true } do
    it("comes once, and the worker goes on" .. (fallback and ", without a bell" or ""), function()
      local box = provider.start { delay = 0.3 }
      local server = nginx.start { sandbox = box, server = SERVER, fallback = fallback, workers = "1" }
      local body, status = server:get "/each"
      assert.same({ 200, "20 true 0\n" }, { status, body })
      assert(server:stop())
      assert(box.stop())
    end)
  end
end)

-- Without a log hook, or with one that raised, nobody heard of an order whose request was gone: nginx's own log does.
-- Only under LuaJIT.

local loop = require "esim.loop"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local SERVER = [[
  location = /bare {
    content_by_lua_block {
      local options = { url = os.getenv "SHOP_URL", token = os.getenv "SHOP_TOKEN" }
      if ngx.var.arg_hook then options.log = function() error("the hook fails", 0) end end
      local client = assert(require("esim").client(options))
      client:order(require("spec.support.provider").input("sandbox:hang=1"), { correlation_id = ngx.var.arg_id })
    }
  }
]]

describe("an order whose request is gone", function()
  local box, server
  setup(function()
    box = provider.start { delay = 0.1 }
    server = nginx.start { sandbox = box, workers = "1", server = SERVER }
  end)
  teardown(function()
    assert(server:stop())
    assert(box.stop())
  end)

  for id, query in pairs { ["without-hook"] = "", ["with-one-that-raises"] = "&hook=1" } do
    it("is told in nginx's log, " .. id, function()
      local pending = server:request("/bare?id=" .. id .. query)
      provider.await_order(box, id)
      loop.cancel(pending)
      local line = nginx.eventually(function()
        for said in io.lines(server.dir .. "/error.log") do
          if said:find("an order that nobody waits for: accepted, order ", 1, true) and said:find(id, 1, true) then
            return said
          end
        end
      end)
      assert.truthy(line:find("[warn]", 1, true))
      assert.is_nil(line:find(box.token, 1, true))
    end)
  end
end)

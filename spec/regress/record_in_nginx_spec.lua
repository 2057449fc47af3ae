-- Records ring no bell in nginx: where nobody's wait brings them, a timer does, as long as something is in flight.
-- Only under LuaJIT.

local esim = require "esim"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local SERVER = [[
  location = /watch {
    content_by_lua_block {
      local core, loop = require "esim.core", require "esim.loop"
      local account = assert(core.account { url = os.getenv "SHOP_URL", records = true })
      account:token(os.getenv "SHOP_TOKEN")
      seen = 0
      hook = function() seen = seen + 1 end
      loop.hook(9, hook)
      local id = ngx.var.arg_id
      ngx.timer.at(0, function()
        local spec = { target = "/v1/order/" .. id, tag = 9, first = 0.05, factor = 1, cap = 0.05, deadline = 4,
          headers = { "X-Correlation-ID: watch", "Content-Type: application/json" } }
        local pending = assert(loop.submit("poll", account, spec))
        loop.await(pending)
        loop.again(pending)
        ngx.sleep(4)
        loop.cancel(pending)
      end)
    }
  }
  location = /seen { content_by_lua_block { ngx.print(seen, " ", require("esim.loop").recorded()) } }
]]

describe("a record in nginx", function()
  local box, server
  setup(function()
    box = provider.start { delay = 0.1 }
    server = nginx.start { sandbox = box, workers = "1", server = SERVER }
  end)
  teardown(function()
    assert(server:stop())
    assert(box.stop())
  end)

  it("reaches its hook within about a second, and the timer ends with what was in flight", function()
    local order = assert(box.client:order(provider.input "sandbox:slow=60"))
    server:get("/watch?id=" .. order.id)
    esim.sleep(1.6)
    local first = tonumber(server:get("/seen"):match "^%d+")
    assert.is_true(first >= 5, "seen: " .. first)
    esim.sleep(1.2)
    assert.is_true(tonumber(server:get("/seen"):match "^%d+") > first)
    esim.sleep(3.5)
    assert.equal("0", server:get("/seen"):match "(%d+)$")
  end)
end)

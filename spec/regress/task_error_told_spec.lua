-- nginx says "unknown reason" of an error that is a table: an order's error in a task must not vanish that way.
-- Only under LuaJIT.

local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local SERVER = [[
  location = /spawned {
    content_by_lua_block {
      require("esim").spawn(function()
        assert(require("spec.support.shop").order { id = "in-a-task", product = "sandbox:cut" })
      end)
    }
  }
]]

it("an order's error in a task that nobody joins is told", function()
  local box = provider.start { delay = 0.1 }
  local server = nginx.start { sandbox = box, workers = "1", server = SERVER }
  server:get("/spawned")
  local complaints = nginx.eventually(function()
    local list = server:complaints()
    return #list > 0 and list
  end)
  assert(server:stop())
  assert(box.stop())
  assert.truthy(complaints[1]:find("answer is lost.*correlation id in%-a%-task"), complaints[1])
end)

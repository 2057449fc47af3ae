-- While lua_max_running_timers run, nginx drops the timers that are due: what was left to one must not wait for ever.
-- Only under LuaJIT.

local esim = require "esim"
local loop = require "esim.loop"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local HTTP = "lua_max_running_timers 2;"
local SERVER = [[
  location = /fill {
    content_by_lua_block {
      for _ = 1, 2 do assert(ngx.timer.at(0, function() ngx.sleep(6) end)) end
      ngx.sleep(0.1)
      ngx.print(ngx.timer.running_count())
    }
  }
]]

describe("where nginx drops timers, an order", function()
  local box, server
  setup(function()
    box = provider.start { delay = 0.1 }
    server = nginx.start { sandbox = box, workers = "1", http = HTTP, server = SERVER }
  end)
  teardown(function()
    assert(server:stop())
    assert(box.stop())
  end)

  it("whose token is to be fetched gets it all the same", function()
    assert.equal("2", server:get("/fill"))
    local pending = server:request("/token?id=token")
    assert.truthy(nginx.eventually(function() return pending.ready end, 5))  -- the timers last longer
    assert.equal("1", pending.ready.body)
    esim.sleep(6.5)
  end)

  it("whose request is gone ends in the log, when the next one comes", function()
    assert.equal("2", server:get("/fill"))
    local pending = server:request("/order?product=sandbox:hang=1&id=gone")
    provider.await_order(box, "gone")
    loop.cancel(pending)
    esim.sleep(6.5)
    server:get("/order?id=next")
    local entries = nginx.eventually(function()
      local list = server:entries()
      return #list > 0 and list
    end)
    assert.equal("gone", entries[1].correlation_id)
    assert.equal("accepted", entries[1].outcome)
  end)
end)

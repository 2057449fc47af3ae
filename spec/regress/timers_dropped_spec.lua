-- While lua_max_running_timers run, nginx drops the timers that are due, and while lua_max_pending_timers wait it takes
-- no more: what was left to one must not wait for ever.
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

describe("where nginx takes no timers", function()
  local box, server
  before_each(function() box = provider.start { delay = 0.05 } end)
  after_each(function()
    assert(server:stop())
    assert(box.stop())
  end)

  local function start(limit, fill)
    server = nginx.start { sandbox = box, workers = "1", http = limit, server = [[
      location = /fill { content_by_lua_block { ]] .. fill .. [[ ngx.sleep(0.05) ngx.print("full") } }
      location = /calls { content_by_lua_block { ngx.print(require("esim.native").nginx.calls()) } }
    ]] }
    assert.equal("full", server:get("/fill"))
  end

  local FULL = {
    ["lua_max_running_timers 1;"] = "ngx.timer.at(0, function() ngx.sleep(120) end)",
    ["lua_max_pending_timers 2;"] = "for _ = 1, 3 do ngx.timer.at(120, function() end) end",
  }
  for limit, fill in pairs(FULL) do
    it("who waits is woken by the engine's bell all the same: " .. limit, function()
      start(limit, fill)
      local last = 0
      assert.truthy(nginx.eventually(function()
        last = last + 1
        assert.equal(200, select(2, server:get("/buy?first=0.05&id=x-" .. last)))
        return tonumber((server:get("/calls"))) > 0
      end))
      for i = 1, last do assert.equal(1, box.log().by_correlation_id["x-" .. i]) end
    end)
  end

  it("an order whose request is gone ends in the log, when others come", function()
    start("lua_max_pending_timers 2;", FULL["lua_max_pending_timers 2;"])
    local pending = server:request("/order?product=sandbox:hang=0.5&id=gone")
    provider.await_order(box, "gone")
    loop.cancel(pending)
    local asked = 0
    assert.truthy(nginx.eventually(function()
      asked = asked + 1
      assert.equal(200, select(2, server:get("/order?id=next-" .. asked)))
      return server:outcomes().gone
    end))
    local told = { gone = 1 }
    for i = 1, asked do told["next-" .. i] = 1 end
    assert.same(told, server:outcomes())
  end)
end)

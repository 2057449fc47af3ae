-- Inside a real nginx with two workers: the same script suspends its request alone, and nothing is lost.
-- What is tested is nginx's own LuaJIT, whichever Lua drives it: once is enough.

local esim = require "esim"

if type(jit) ~= "table" then  -- luacheck: ignore
  it("elsewhere nginx cannot be had as a host", function()
    assert.has_error(function() esim.use("nginx") end)
  end)
  return
end

local json = require "esim.json"
local loop = require "esim.loop"
local native = require "esim.native"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local box

local PHASES = [[
  init_worker_by_lua_block { require("spec.support.shop").misuse("init_worker") }
  server {
    listen 127.0.0.1:$tlsport ssl;
    ssl_certificate $dir/cert.pem; ssl_certificate_key $dir/key.pem;
    ssl_certificate_by_lua_block { assert(require("spec.support.shop").order { id = "handshake" }) }
    return 204;
  }
]]
local PHASES_SERVER = [[
  location = /set { set_by_lua_block $x { require("spec.support.shop").misuse("set") return "" } return 204; }
  location = /log {
    content_by_lua_block { ngx.print("x") }
    header_filter_by_lua_block { require("spec.support.shop").misuse("header_filter") }
    body_filter_by_lua_block { require("spec.support.shop").misuse("body_filter") }
    log_by_lua_block { require("spec.support.shop").misuse("log") }
  }
  location = /access {
    access_by_lua_block { assert(require("spec.support.shop").order { id = "access" }) }
    content_by_lua_block { ngx.exit(204) }
  }
]]

-- Ask for each target, at most 64 at a time; their bodies and statuses.
local function ask_all(server, targets)
  local bodies, statuses = {}, {}
  esim.run(function()
    for i, target in ipairs(targets) do
      esim.spawn(function() bodies[i], statuses[i] = server:get(target) end)
    end
  end)
  return bodies, statuses
end

local function repeated(count, template)
  local list = {}
  for i = 1, count do list[i] = (template:gsub("#", tostring(i))) end
  return list
end

-- Ask, and hang up after `seconds`.
local function hang_up(server, target, seconds)
  local pending = server:request(target)
  esim.sleep(seconds)
  loop.cancel(pending)
end

local function outcomes(server, prefix)
  local counts = {}
  for _, entry in ipairs(server:entries()) do
    if entry.correlation_id:sub(1, #prefix) == prefix then
      counts[entry.outcome] = (counts[entry.outcome] or 0) + 1
      counts.all = (counts.all or 0) + 1
    end
  end
  return counts
end

local function order_ids()
  local ids = {}
  for _, entry in ipairs(box.log().requests) do
    if entry.order_id and entry.method == "POST" then ids[entry.correlation_id] = entry.order_id end
  end
  return ids
end

-- Wait until the sandbox has taken `count` orders whose correlation ids begin so: their answers hang.
local function await_orders(prefix, count)
  provider.await_log(box, function(log)
    local taken = 0
    for id in pairs(log.by_correlation_id) do
      if id:sub(1, #prefix) == prefix and not id:find("-wait", 1, true) then taken = taken + 1 end
    end
    return taken == count
  end)
end

-- Nothing of what was killed or hung up on stays in flight, in either worker.
local function both_idle(server)
  return nginx.eventually(function()
    for _, body in ipairs((ask_all(server, repeated(16, "/flight")))) do
      if body ~= "0" then return false end
    end
    return true
  end)
end

for _, fallback in ipairs { false, true } do
  local mode = fallback and "naps" or "the bell"

  describe("with " .. mode .. ", a request", function()
    local server
    setup(function()
      box = provider.start { delay = 0.1 }
      server = nginx.start {
        sandbox = box, fallback = fallback, certificate = true, http = PHASES, server = PHASES_SERVER,
      }
    end)
    teardown(function()
      assert(server:stop())
      assert(box.stop())
    end)

    it("starts nothing before it comes", function()
      assert.equal(1, nginx.threads(server:master()))
      for _, pid in ipairs(server:workers()) do assert.equal(1, nginx.threads(pid)) end
    end)

    it("finds its host", function()
      assert.truthy(server:get("/worker"):find(" nginx$"))
    end)

    it("orders and waits, as one of many, and gets its own answer", function()
      local bodies, statuses = ask_all(server, repeated(256, "/buy?id=many-#&first=0.05"))
      local ids = order_ids()
      for i = 1, 256 do
        assert.equal(200, statuses[i], bodies[i])
        assert.equal(ids["many-" .. i], bodies[i]:match("^%S+"))
      end
    end)

    it("has tasks that join each other", function()
      assert.equal("3 true true", server:get("/tasks?id=tasks"))
      assert.equal("in run, nobody hears, in all, a table", server:get("/errors"))
    end)

    it("orders in a timer, in the access phase, and in a TLS handshake", function()
      assert.equal("1", server:get("/timer?id=timer"))
      assert.equal(204, select(2, server:get("/access")))
      local url = "https://127.0.0.1:" .. server.port + 1
      local account = assert(native.account { url = url, ca_file = server.dir .. "/cert.pem" })
      local fault, got = loop.await(assert(loop.submit("request", account, { target = "/" })))
      assert.is_nil(fault)
      assert.equal(204, got.http)
      for _, id in ipairs { "timer", "access", "handshake" } do assert.equal(1, box.log().by_correlation_id[id]) end
    end)

    it("is refused in a function that C calls, and waits in a coroutine of its own", function()
      local body = server:get("/callback?id=callback")
      assert.truthy(body:find("^false .*client:order cannot wait in a function that C calls.* 36$"), body)
      local taken = box.log().by_correlation_id
      assert.is_nil(taken.callback)
      assert.equal(1, taken["callback-own"])
    end)

    it("walks a list page by page, and leaves the others their time", function()
      local input = provider.input()
      input.customer.email = "seven@example.com"
      for i, id in ipairs { "a", "b", "c", "d", "e" } do input.subscriptions[i] = { product_id = id } end
      assert(assert(box.client:order(input)):wait { timeout = 20, first = 0.05 })
      box.fault { path = "/v1/subscription", hang = 0.1 }
      for _, body in ipairs((ask_all(server, repeated(4, "/search?email=seven@example.com&n=#")))) do
        assert.equal("a b c d e meanwhile", body)
      end
      box.fault { path = "/v1/subscription", status = 403 }
      assert.truthy(server:get("/search?email=seven@example.com"):find("^esim: the provider does not accept"))
      box.fault()
    end)

    it("looks for what an order whose answer is lost has left behind", function()
      assert.equal("placed", server:get("/lost?id=lost-" .. mode:match("%a+$")))
    end)

    it("is woken when its wait is cancelled", function()
      assert.equal("cancelled", server:get("/cancel?id=cancel"))
    end)

    it("is given a token that was fetched for another, who is gone", function()
      local pending = server:request("/token?id=token-0")
      esim.sleep(0.1)
      local bodies
      esim.run(function()
        esim.spawn(function()
          esim.sleep(0.1)
          loop.cancel(pending)
        end)
        bodies = ask_all(server, repeated(32, "/token?id=token-#"))
      end)
      for _, tokens in ipairs(bodies) do assert.truthy(tokens == "1" or tokens == "2", tokens) end
    end)

    it("has its worker's share of the rate", function()
      assert.is_true(tonumber((server:get("/rate?rate=100&count=21"))) >= 0.38)
    end)

    it("is refused in a phase that cannot wait, before anything is submitted", function()
      server:get("/set")
      server:get("/log")
      for _, phase in ipairs { "init_worker", "set", "header_filter", "body_filter", "log" } do
        local said = assert(json.decode((server:get("/said?phase=" .. phase))))
        assert.equal(0, said.in_flight)
        said.in_flight = nil
        for call, reason in pairs(said) do
          assert.truthy(reason:find("shop%.lua:%d+: %S+" .. call .. " cannot wait in " .. phase .. "_by_lua"), reason)
          assert.truthy(reason:find("ngx.timer.at", 1, true), reason)
        end
      end
    end)

    it("that is gone is not looked after; its order on the wire ends in the log", function()
      for name, target in pairs { kill = "/kill?id=kill-#&stay=0.5", exit = "/exit?id=exit-#" } do
        local bodies
        esim.run(function()
          esim.spawn(function() bodies = ask_all(server, repeated(8, target .. "&product=sandbox:hang=2")) end)
          await_orders(name, 8)
          server:get("/release?of=" .. name)
        end)
        assert.equal(8, #bodies)
        for _, body in ipairs(bodies) do assert.equal(name == "kill" and "killed" or "left", body) end
        assert.truthy(nginx.eventually(function() return outcomes(server, name).accepted == 8 end), name)
      end
      local pendings = {}
      for i = 1, 50 do pendings[i] = server:request("/order?product=sandbox:hang=2&id=gone-" .. i) end
      pendings[51] = server:request("/order?product=sandbox:hang=2,cut&id=gone-cut")
      await_orders("gone", 51)
      for _, pending in ipairs(pendings) do loop.cancel(pending) end
      assert.truthy(nginx.eventually(function() return outcomes(server, "gone").all == 51 end))
      assert.same({ accepted = 50, unknown = 1, all = 51 }, outcomes(server, "gone"))
      local ids = order_ids()
      for _, entry in ipairs(server:entries()) do
        assert.equal("order", entry.what)
        if entry.outcome == "accepted" then assert.equal(ids[entry.correlation_id], entry.order_id) end
      end
      if not fallback then assert.truthy(both_idle(server)) end
    end)

    it("that is gone before its order was sent never sends it", function()
      local pendings = {}
      for i = 1, 16 do pendings[i] = server:request("/queue?product=sandbox:hang=3&id=queue-" .. i) end
      assert.truthy(nginx.eventually(function()
        return select(2, server:log():gsub("queues queue%-%d+ end", "")) == 16
      end))
      for _, pending in ipairs(pendings) do loop.cancel(pending) end
      assert.truthy(nginx.eventually(function() return outcomes(server, "queue").all == 16 end))
      local taken = 0
      for id in pairs(order_ids()) do
        if id:find("^queue") then taken = taken + 1 end
      end
      assert.equal(taken, outcomes(server, "queue").accepted)
      assert.equal(16 - taken, outcomes(server, "queue").not_sent)
      assert.is_true(taken <= 2)
    end)

    it("leaves nothing in the worker", function()
      for _, pid in ipairs(server:workers()) do
        assert.equal(2, nginx.threads(pid))
        assert.is_true(nginx.descriptors(pid) < 200)
      end
      assert.same({}, server:complaints())
    end)
  end)

  describe("with " .. mode .. ", every other request", function()
    local server
    setup(function()
      box = provider.start { delay = 0.05, logs = false }
      server = nginx.start { sandbox = box, fallback = fallback }
    end)
    teardown(function()
      assert(server:stop())
      assert(box.stop())
    end)

    -- A top-up's answer holds the ICCID that was asked for.
    it("gets its own answer while the others are hung up on and the collector runs", function()
      local own, cut = 0, 0
      local function ask(i)
        local target = ("/collect?first=0.05&product=x&id=storm-%d&iccid=%019d"):format(i, i)
        if i % 2 == 0 then
          hang_up(server, target, math.random() * 0.15)
          cut = cut + 1
        else
          local body, status = server:get(target)
          assert(status == 200 and body:match(" (%d+)$") == ("%019d"):format(i), body)
          own = own + 1
        end
      end
      esim.run(function()
        for lane = 1, 64 do
          esim.spawn(function()
            for i = lane, 2000, 64 do ask(i) end
          end)
        end
      end)
      assert.same({ 1000, 1000 }, { own, cut })
      for id, count in pairs(box.log().by_correlation_id) do assert.equal(1, count, id) end
      for _, entry in ipairs(server:entries()) do
        assert.equal(0, entry.correlation_id:match("storm%-(%d+)") % 2)
      end
      assert.equal("false", server:get("/stranger"))
      assert.same({}, server:complaints())
    end)
  end)
end

describe("while the bell has not been heard yet", function()
  local server
  setup(function()
    box = provider.start { delay = 0.05 }
    server = nginx.start { sandbox = box, workers = "1", init = [[
      local native = require "esim.native"
      local calls, asked = native.nginx.calls, nil
      native.nginx.calls = function()
        asked = asked or native.clock()
        return native.clock() - asked > 0.6 and calls() or 0
      end
    ]], server = 'location = /calls { content_by_lua_block { ngx.print(require("esim.native").nginx.calls()) } }' }
  end)
  teardown(function()
    assert(server:stop())
    assert(box.stop())
  end)

  -- Outcomes that nobody took are looked for after 0.1 s.
  it("the first request is given its outcome, and nobody else", function()
    local bodies, statuses = ask_all(server, repeated(4, "/order?id=early-#"))
    for i = 1, 4 do
      assert.equal(200, statuses[i], bodies[i])
      assert.equal(order_ids()["early-" .. i], bodies[i])
    end
    assert.truthy(nginx.eventually(function() return tonumber((server:get("/calls"))) > 0 end))
    assert.equal(200, select(2, server:get("/order?id=early-5")))
    assert.same({ ["early-1"] = 1, ["early-2"] = 1, ["early-3"] = 1, ["early-4"] = 1, ["early-5"] = 1 },
      server:outcomes())
    assert.same({}, server:complaints())
  end)
end)

-- What nginx does to its processes while orders are in flight: idle, reload, quit, stop, kill, upgrade, no code cache.

if type(jit) ~= "table" then  -- luacheck: ignore
  it("a process of another kind has no event loop that would hear a bell", function()
    local native = require "esim.native"
    assert.is_false(native.nginx.host(native.inbox(), "http"))
  end)
  return
end

local esim = require "esim"
local loop = require "esim.loop"
local native = require "esim.native"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local box

local function open_box()
  box = provider.start { delay = 0.05, logs = false }
end

local function close_box()
  assert(box.stop())
end

-- A worker that ends closes its new connections on which nothing was asked yet: who was cut off before the provider
-- heard of his order asks again.
local function buy(server, id, kind)
  local body, status
  local tries = 0
  repeat
    body, status = server:get("/buy?first=0.05&product=x&iccid=1&id=" .. id, kind)
    tries = tries + 1
  until body or status ~= "cut" or kind ~= "request" or tries == 5 or box.log().by_correlation_id[id]
  return body, status
end

-- Run `script` in a task beside 16 lanes that buy until it has ended; what went wrong in the lanes. An exchange of kind
-- "request" is repeated by the client when a kept connection closes, one of kind "order" is not.
local function under_load(server, kind, script)
  local failures, bought, ended, reason = {}, 0, false, nil
  local function lane(n)
    local i = 0
    while not ended and not reason do
      i = i + 1
      local id = ("load-%d-%d-%s"):format(n, i, native.uuid())
      local body, status = buy(server, id, kind)
      bought = bought + 1
      if status ~= 200 then failures[#failures + 1] = tostring(body) .. " " .. tostring(status) end
    end
  end
  esim.run(function()
    for n = 1, 16 do esim.spawn(lane, n) end
    ended, reason = pcall(script, function(count)  -- returns when so many more have been bought
      local before = bought
      assert(nginx.eventually(function() return bought >= before + count end), "nothing is bought")
    end)
    assert(ended, reason)
  end)
  return failures, bought
end

local function differs(list, from)
  for _, a in ipairs(list) do
    for _, b in ipairs(from) do
      if a == b then return false end
    end
  end
  return #list == #from
end

local function gone(pid)
  return nginx.eventually(function() return not io.open("/proc/" .. pid .. "/stat") end)
end

local function no_order_twice()
  for id, count in pairs(box.log().by_correlation_id) do assert.equal(1, count, id) end
end

for _, fallback in ipairs { false, true } do
  local mode = fallback and "naps" or "the bell"

  local function with_server(options, f)
    options.sandbox, options.fallback = box, fallback
    local server = nginx.start(options)
    local ok, reason = pcall(f, server)
    local stopped = server:stop()
    assert(ok, reason)
    assert(stopped, "nginx did not stop")
  end

  describe("with " .. mode, function()
    setup(open_box)
    teardown(close_box)

    it("three reloads under load lose nothing", function()
      with_server({}, function(server)
        local failures, bought = under_load(server, "request", function(busy)
          for _ = 1, 3 do
            busy(40)
            local before = server:workers()
            server:signal("HUP")
            for _, pid in ipairs(before) do assert(gone(pid), "a worker did not end") end
            assert(nginx.eventually(function() return differs(server:workers(), before) end))
          end
        end)
        assert.same({}, failures)
        assert.is_true(bought > 100)
        assert.same({}, server:complaints())
        no_order_twice()
      end)
    end)

    it("quit answers what is in flight, and tells what nobody waits for", function()
      with_server({}, function(server)
        local answered, workers, left = 0, server:workers(), {}
        esim.run(function()
          for i = 1, 20 do
            esim.spawn(function()
              local _, status = server:get("/order?product=sandbox:hang=3&id=quit-" .. i)
              answered = answered + (status == 200 and 1 or 0)
            end)
            esim.spawn(function()
              left[i] = server:request("/order?product=sandbox:hang=3&id=left-" .. i)
            end)
          end
          for i = 1, 20 do
            provider.await_order(box, "quit-" .. i)
            provider.await_order(box, "left-" .. i)
          end
          for _, pending in ipairs(left) do loop.cancel(pending) end
          esim.sleep(0.1)
          server:signal("QUIT")
        end)
        assert.equal(20, answered)
        for _, pid in ipairs(workers) do assert.truthy(gone(pid)) end
        local told = 0
        for _, entry in ipairs(server:entries()) do
          assert.equal("accepted", entry.outcome)
          assert.truthy(entry.correlation_id:find("^left"))
          told = told + 1
        end
        assert.equal(20, told)
        assert.same({}, server:complaints())
      end)
    end)

    it("stop ends at once, whatever is in flight", function()
      with_server({}, function(server)
        local workers = server:workers()
        local began
        under_load(server, "order", function()
          esim.sleep(0.3)
          began = native.clock()
          server:signal("TERM")
          for _, pid in ipairs(workers) do assert(gone(pid), "a worker did not end") end
        end)
        assert.is_true(native.clock() - began < 15)  -- of the 30 of worker_shutdown_timeout
        assert.same({}, server:complaints())
      end)
    end)

    it("a killed worker is replaced, the other one goes on", function()
      with_server({}, function(server)
        local workers = server:workers()
        local failures, bought = under_load(server, "order", function(busy)
          busy(40)
          server:signal("KILL", workers[1])
          assert(nginx.eventually(function() return #server:workers() == 2 and server:workers()[1] ~= workers[1] end))
          busy(40)
        end)
        assert.is_true(#failures <= 16 and bought > 50, #failures .. " of " .. bought)
        assert.equal(200, select(2, server:get("/buy?first=0.05&id=after&product=x&iccid=1")))
        assert.equal(1, #server:complaints())
        no_order_twice()
      end)
    end)

    it("a new binary takes over without a loss", function()
      with_server({}, function(server)
        local old = server:master()
        local failures = under_load(server, "request", function()
          esim.sleep(0.3)
          server:signal("USR2")
          assert(nginx.eventually(function()
            local new = server:master()
            return new and new ~= old and #server:workers() == 2
          end), "no new master")
          server:signal("WINCH", old)
          esim.sleep(0.3)
          server:signal("QUIT", old)
          assert(gone(old), "the old master did not end")
          esim.sleep(0.2)
        end)
        assert.same({}, failures)
        assert.same({}, server:complaints())
        no_order_twice()
      end)
    end)

    it("nothing is left of requests that each have a Lua state of their own", function()
      with_server({ cache = "off", connections = "256" }, function(server)
        local failures = {}
        local function ask(i)
          if i % 10 == 0 then
            local pending = server:request("/order?product=sandbox:hang=0.2&id=cut-" .. i)
            esim.sleep(0.1)
            loop.cancel(pending)
          else
            local body, status = server:get("/order?id=whole-" .. i)
            if status ~= 200 then failures[#failures + 1] = ("whole-%d: %s %s"):format(i, tostring(body), status) end
          end
        end
        local function ask_many(first, last)
          esim.run(function()
            for lane = 0, 15 do
              esim.spawn(function()
                for i = first + lane, last, 16 do ask(i) end
              end)
            end
          end)
        end
        assert.truthy(server:get("/worker"):find(" nginx$"))
        local count = fallback and 500 or 5000
        ask_many(1, 200)
        local before = {}
        for _, pid in ipairs(server:workers()) do before[pid] = nginx.descriptors(pid) end
        ask_many(201, count)
        assert.same({}, failures)
        for pid, descriptors in pairs(before) do
          assert.is_true(nginx.eventually(function() return nginx.descriptors(pid) <= descriptors + 20 end) or false)
          assert.equal(2, nginx.threads(pid))
        end
        local function untold()
          local told, list = server:outcomes(), {}
          for id in pairs(box.log().by_correlation_id) do
            if (id:find("^cut") or id:find("^whole")) and told[id] ~= 1 then list[#list + 1] = id end
          end
          return list
        end
        nginx.eventually(function() return #untold() == 0 end)
        assert.same({}, untold())
        assert.is_true(#server:entries() > 0)
        assert.same({}, server:complaints())
        no_order_twice()
      end)
    end)
  end)
end

describe("with the bell", function()
  local server
  setup(function()
    open_box()
    server = nginx.start { sandbox = box }
  end)
  teardown(function()
    assert(server:stop())
    close_box()
  end)

  it("a worker is not woken while orders are only waited for, and no log is to be told", function()
    local pendings = {}
    for i = 1, 8 do pendings[i] = server:request("/hold?product=sandbox:slow=60&id=idle-" .. i) end
    esim.sleep(2.5)  -- until each was accepted, and looked at once
    local before = {}
    for _, pid in ipairs(server:workers()) do before[pid] = nginx.wakes(pid) end
    esim.sleep(4)
    for pid, wakes in pairs(before) do assert.equal(wakes, nginx.wakes(pid)) end
    for _, pending in ipairs(pendings) do
      assert.is_false(pending:done())
      loop.cancel(pending)
    end
  end)

  it("the stream module's waiters are posted by its own symbol", function()
    assert.equal("false true", server:get("/stream"))
    local library = io.popen("pwd"):read("*l") .. "/build/luajit/esim_stream.so"
    assert.equal("1 4096", server:get("/stream?library=" .. library))
  end)
end)

describe("where the bell does not ring", function()
  setup(open_box)
  teardown(close_box)

  it("who waits looks now and then, and nobody hangs meanwhile", function()
    local server = nginx.start { sandbox = box, http = [[init_worker_by_lua_block {
      require("esim.native").nginx.host = function() return true end
    }]] }
    local began, slowest, ok = native.clock(), 0, 0
    esim.run(function()
      for i = 1, 32 do
        esim.spawn(function()
          local _, status = server:get("/order?id=deaf-" .. i)
          ok = ok + (status == 200 and 1 or 0)
          slowest = math.max(slowest, native.clock() - began)
        end)
      end
    end)
    local complaints = server:complaints()
    assert(server:stop())
    assert.equal(32, ok)
    assert.is_true(slowest < 10, slowest)
    assert.same({}, complaints)
  end)
end)

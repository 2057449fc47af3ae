-- The rules of the loop, apart from any host.

local esim = require "esim"
local core = require "esim.core"
local loop = require "esim.loop"
local provider = require "spec.support.provider"
local scratch = require "spec.support.scratch"

local box, account

local function open_account(options)
  options.url = box.url
  local opened = assert(core.account(options))
  assert(opened:token(box.token))
  return opened
end

setup(function()
  box = provider.start { delay = 0.1 }
  account = open_account {}
end)
teardown(function() assert(box.stop()) end)

local BODY = '{"input":{"operationType":"NEW_ESIM","countryCode":"PT","customer":{"email":"a@example.com"},'
  .. '"device":{"id":"1","type":"ios"},"subscriptions":[{"product_id":"%s"}]}}'

local function order(product_id, correlation_id, left, on)
  return assert(loop.submit("order", on or account, {
    target = "/v1/order", body = BODY:format(product_id), timeout = 20,
    headers = { "X-Correlation-ID: " .. correlation_id, "Content-Type: application/json", "Cache-Control: no-cache" },
  }, left))
end

local function look(spec)
  spec.target, spec.headers = "/v1/order/none", { "X-Correlation-ID: look", "Content-Type: application/json" }
  return assert(loop.submit("poll", account, spec))
end

describe("the host", function()
  it("is recognised, or named", function()
    assert.equal("blocking", loop.host().name)
    esim.use("blocking")
    assert.equal("blocking", loop.host().name)
    esim.use { await = function() loop.wait() end }
    assert.equal("adapter", loop.host().name)
    esim.use(nil)
    assert.equal("blocking", loop.host().name)
    for _, with in ipairs { "nothing", "nginx", 7, {} } do
      local ok, reason = pcall(function() esim.use(with) end)
      assert.is_false(ok)
      assert.truthy(reason:find("loop_spec.lua", 1, true), reason)
    end
  end)

  it("is found without loading a loop's library, unless that is named", function()
    local script = scratch()
    local file = assert(io.open(script, "w"))
    file:write([[
      local esim = require "esim"
      local function nothing_is_loaded()
        for _, name in ipairs { "cqueues", "luv", "copas", "socket" } do assert(not package.loaded[name], name) end
      end
      esim.run(function() esim.spawn(esim.sleep, 0) end)
      coroutine.wrap(function() esim.sleep(0) end)()
      nothing_is_loaded()
      package.path, package.cpath = package.path:match("^[^;]*"), ""
      for _, name in ipairs { "cqueues", "luv", "copas" } do
        local ok, reason = pcall(function() esim.use(name) end)
        assert(not ok and reason:find("the library of " .. name .. " cannot be loaded: module", 1, true), reason)
        assert(reason:find(arg[0]:match "[^/]+$" .. ":%d+: esim%.use") and not reason:find("\n"), reason)
      end
      nothing_is_loaded()
      esim.sleep(0)
      print "good"
    ]])
    file:close()
    local pipe = io.popen((os.getenv "ESIM_LUA" or "lua5.4") .. " " .. script .. " 2>&1")
    local said = pipe:read("*a")
    pipe:close()
    os.remove(script)
    assert.equal("good\n", said)
  end)

  it("is asked whether a call could wait, and blames the caller", function()
    loop.host().check = function(call, level) error(call .. " cannot wait", level) end
    local ok, reason = pcall(function()
      esim.sleep(0)
      return 0
    end)
    loop.host().check = nil
    assert.is_false(ok)
    assert.truthy(reason:find("loop_spec%.lua:%d+: esim%.sleep cannot wait"), reason)
  end)

  it("shares what is allowed to all its processes", function()
    assert.equal(30, loop.share(30))
    loop.host().share = function(amount) return amount / 3 end
    assert.equal(10, loop.share(30))
    loop.host().share = nil
  end)

  it("that runs no threads is told so", function()
    assert.is_false(loop.detach(print))
  end)
end)

describe("an outcome that must not be lost", function()
  it("is kept until it is taken", function()
    local pending = order("cm9k", "kept-1", error)
    assert.is_true(loop.kept()[pending])
    assert.equal(200, select(2, loop.await(pending)).http)
    assert.is_nil(loop.kept()[pending])
  end)

  it("goes to the heir of who is gone, once, and his error breaks nothing", function()
    local heard = {}
    local pending = order("cm9k", "kept-2", function(fault, got)
      heard[#heard + 1] = { fault, got.http }
      error("a hook that fails")
    end)
    while not pending:done() do loop.wait() end
    loop.leave(pending)
    assert.same({ { nil, 200 } }, heard)
    assert.is_nil(loop.kept()[pending])
  end)
end)

describe("an outcome that there was no memory to hand on", function()
  local short  -- of memory

  local function fails()
    if short then
      error("not enough memory", 0)
    end
  end

  -- It is taken, and handed on later, without another wait for the inbox.
  local function check(pending)
    local woken, waited, real = 0, false, loop.inbox()
    function pending.wake()
      fails()
      woken = woken + 1
    end
    short = true
    local ok, reason
    repeat
      ok, reason = pcall(loop.wait)
    until not ok
    assert.equal("not enough memory", reason)
    assert.is_false(pcall(loop.wait))
    assert.equal(0, woken)
    short = false
    loop.inbox(setmetatable({ wait = function() waited = true end }, {
      __index = function(_, name) return function(_, ...) return real[name](real, ...) end end,
    }))
    loop.wait()
    loop.inbox(real)
    assert.is_false(waited)
    assert.equal(1, woken)
    assert.is_true(pending:done())
    assert.equal(0, loop.count())
    return loop.await(pending)
  end

  it("is there with the next look into the inbox: of who could not be woken", function()
    assert.is_nil((check(assert(loop.submit("sleep", 0.01)))))
  end)

  it("is there with the next look into the inbox: of what could not be found", function()
    local pending = order("cm9k", "short-1")
    pending.kind = nil
    setmetatable(pending, { __index = function(_, key)
      if key == "kind" then fails() end
      return loop.Pending[key]
    end })
    local fault, got = check(pending)
    assert.is_nil(fault)
    assert.equal(200, got.http)
  end)
end)

describe("work that is abandoned", function()
  it("ends at once, and says so", function()
    local narrow = open_account { connections = 1 }
    local first = order("sandbox:hang=1", "first-1", nil, narrow)
    provider.await_order(box, "first-1")  -- the next one has to wait for the connection
    local pendings = { look { first = 60 }, assert(loop.submit("sleep", 60)), order("cm9k", "late-1", nil, narrow) }
    for _, pending in ipairs(pendings) do
      loop.abandon(pending)
    end
    assert.equal("cancelled", (loop.await(pendings[1])))
    assert.equal("cancelled", (loop.await(pendings[2])))
    assert.equal("cancelled", (loop.await(pendings[3])))
    assert.is_nil((loop.await(first)))
    assert.is_nil(box.log().by_correlation_id["late-1"])
    assert.equal(0, loop.count())
  end)

  it("finishes where it is an order on the wire", function()
    local pending = order("sandbox:hang=1", "wire-1")
    provider.await_order(box, "wire-1")
    loop.abandon(pending)
    local fault, got = loop.await(pending)
    assert.is_nil(fault)
    assert.equal(200, got.http)
    assert.equal(1, box.log().by_correlation_id["wire-1"])
  end)

  it("is not sent again when it was refused with 429", function()
    local pending = order("sandbox:429=1,retry-after=3", "again-1", nil, open_account {})
    provider.await_log(box, function(log)
      local last = log.requests[#log.requests]
      return last.correlation_id == "again-1" and last.status == 429
    end)
    loop.wait(0.2)
    loop.abandon(pending)
    local fault, got = loop.await(pending)
    assert.is_true(fault == "cancelled" or got.http == 429)  -- the latter where the 429 was still under way
    esim.sleep(3.2)
    assert.is_nil(box.log().by_correlation_id["again-1"])
  end)

  it("ends between two looks, and after an answer that nobody digested", function()
    for _, pump in ipairs { true, false } do
      local pending = look { first = 0.01 }
      esim.sleep(0.2)
      if pump then loop.pump() end
      loop.abandon(pending)
      if pump then loop.pump() end
      loop.pump()
      assert.equal("cancelled", (loop.await(pending)))
      assert.equal(0, loop.count())
    end
  end)

  it("may be abandoned at any moment, twice, and cancelled too", function()
    for i = 1, 300 do
      local pending = i % 2 == 0 and look { first = 0.001 } or order("cm9k", "race-" .. i)
      if i % 3 == 0 then loop.wait(0.001 * (i % 5)) end
      loop.abandon(pending)
      loop.abandon(pending)
      if i % 7 == 0 then loop.cancel(pending) else loop.await(pending) end
    end
    assert.equal(0, loop.count())
    for id, count in pairs(box.log().by_correlation_id) do assert.equal(1, count, id) end
  end)

  it("has no waiter where no host wakes one", function()
    local pending = look { first = 60 }
    assert.is_false(loop.watch(pending, 1))
    loop.cancel(pending)
  end)
end)

-- nginx's own Lua is faked here: what is asked of the core, and how naps end.
if type(jit) == "table" then  -- luacheck: ignore
  describe("the host of nginx", function()
    local ngx, names, host, asked
    setup(function()
      ngx, asked = rawget(_G, "ngx"), {}
      names = { "ngx.semaphore", "resty.core.base", "esim.loop.nginx" }
      package.loaded["ngx.semaphore"] = {}
      package.loaded["resty.core.base"] = { get_request = function() end }
      rawset(_G, "ngx", {
        config = { subsystem = "stream" }, now = function() return 0 end, worker = { count = function() return 4 end },
        get_phase = function() return "preread" end,
      })
      core.nginx.host, host = function(_, subsystem) asked[#asked + 1] = subsystem end, core.nginx.host
      esim.use("nginx")
    end)
    teardown(function()
      esim.use(nil)
      core.nginx.host = host
      rawset(_G, "ngx", ngx)
      for _, name in ipairs(names) do package.loaded[name] = nil end
    end)

    it("asks for the symbol of its own subsystem, and naps where there is none", function()
      local pending, naps = loop.pending(), {}
      rawget(_G, "ngx").sleep = function(seconds)
        naps[#naps + 1] = seconds
        if #naps == 12 then loop.settle(pending, "answer") end
      end
      assert.equal("answer", select(2, loop.await(pending)))
      assert.same({ "stream" }, asked)
      assert.equal(0.001, naps[1])
      assert.equal(0.01, naps[12])
      for i = 2, 12 do assert.is_true(naps[i] >= naps[i - 1]) end
    end)

    it("shares among its workers, and knows the phases of its subsystem", function()
      assert.equal(2.5, loop.share(10))
      coroutine.wrap(function() loop.check("call") end)()
      assert.has_error(function() loop.check("call") end)  -- the main thread cannot be suspended
      rawget(_G, "ngx").get_phase = function() return "balancer" end
      local ok, reason = pcall(loop.check, "call")
      assert.is_false(ok)
      assert.truthy(reason:find("call cannot wait in balancer_by_lua", 1, true))
    end)
  end)
end

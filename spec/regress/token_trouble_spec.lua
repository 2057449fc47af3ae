-- What went wrong while a token was fetched: waits that could not be ended, orders that a usable token did not save,
-- a client that an interrupt had broken for good, holds that nobody ended.

local esim = require "esim"
local auth = require "esim.auth"
local err = require "esim.err"
local loop = require "esim.loop"
local native = require "esim.native"
local provider = require "spec.support.provider"
local scratch = require "spec.support.scratch"

local box

before_each(function() box = provider.start { delay = 0 } end)
after_each(function()
  esim.use(nil)
  assert(box.stop())
end)

local function client_of(secret_file)
  return assert(esim.client { url = box.url, timeout = 5, credentials = {
    client_id = box.client_id, token_url = box.token_url, client_secret_file = secret_file,
    client_secret = not secret_file and box.client_secret or nil,
  } })
end

local function write(name, text)
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
end

-- Run `f` where one wait of the host raises as Ctrl-C does, once `seconds` are over.
local function interrupted(seconds, f)
  local at = native.clock() + seconds
  esim.use { await = function()
    loop.wait(0.05)
    if native.clock() >= at then
      error("interrupted!", 0)
    end
  end }
  local ok, reason = pcall(f)
  esim.use(nil)
  assert.is_false(ok)
  assert.equal("interrupted!", reason)
end

describe("a wait that is cancelled while a token is fetched", function()
  it("ends at once, whether it fetches or waits for who does", function()
    box.token_fault "hang=30"
    local order, began = assert(client_of():resume "an-order"), native.clock()
    local function job()
      return select(2, order:wait { timeout = 60 })
    end
    local list = esim.run(esim.all, { job, job, function()
      esim.sleep(0.2)
      order:cancel()
    end })
    assert.same({ "cancelled", "cancelled" }, { list[1].kind, list[2].kind })
    assert.truthy(native.clock() - began < 8)
  end)

  it("leaves the token to those who still wait", function()
    box.token_fault "hang=30,times=1"
    local client = client_of()
    local order = assert(client:resume "an-order")
    local began = native.clock()
    local list = esim.run(esim.all, {
      function() return select(2, order:wait { timeout = 60 }).kind end,
      function() return assert(client:order(provider.input(), { timeout = 40 })).id end,
      function()
        esim.sleep(0.2)
        order:cancel()
      end,
    })
    assert.equal("cancelled", list[1])
    assert.truthy(list[2])
    assert.truthy(native.clock() - began < 8)
  end)
end)

describe("a token that is to be replaced, but lives", function()
  for _, fault in ipairs { "hang=30", "status=500" } do
    it("places orders where the token end point fails: " .. fault, function()
      local client, clock, skew = client_of(), native.clock, 0
      assert(client:order(provider.input()))
      box.token_fault(fault)
      native.clock = function() return clock() + skew end
      skew = 275  -- of 300
      local ok, placed, e = pcall(client.order, client, provider.input(), { timeout = 4 })
      native.clock = clock
      assert.truthy(ok and placed, tostring(ok and e or placed))
    end)
  end
end)

describe("an interrupt while a token is fetched", function()
  for _, fault in ipairs { "hang=3,times=1", "status=503,retry-after=3,times=1" } do
    it("is raised, and the client goes on: " .. fault, function()
      box.token_fault(fault)
      local client = client_of()
      interrupted(0.5, function() client:order(provider.input(), { timeout = 60 }) end)
      box.token_fault()
      local placed, e = client:order(provider.input(), { timeout = 40 })
      assert.truthy(placed, tostring(e))
    end)
  end
end)

describe("the secret that is wrong when a lone wait needs a new token", function()
  it("ends the wait with OAuth's words, and not at its deadline", function()
    assert(box.stop())
    box = provider.start { delay = 0, lifetime = 1 }
    local name = scratch()
    write(name, box.client_secret)
    local order = assert(client_of(name):order(provider.input "sandbox:slow=300"))
    write(name, "wrong")
    local began = native.clock()
    local _, e = order:wait { timeout = 60, first = 0.1, factor = 1 }
    os.remove(name)
    assert.same({ "unauthorised", "invalid_client", order.id }, { e.kind, e.type, e.order_id })
    assert.truthy(native.clock() - began < 30)
  end)
end)

describe("a 401 for which no new token came in time", function()
  it("does not hold the others longer than the token end point is away", function()
    local client = client_of()
    local placed = {}
    for i = 1, 5 do placed[i] = assert(client:order(provider.input "sandbox:slow=2")) end
    box.expire()
    box.token_fault "down=2"
    local function waiter(i)
      return function()
        esim.sleep(0.2)
        local profile, e = placed[i]:wait { timeout = 60, first = 0.1, factor = 1 }
        return profile and "completed" or e.kind
      end
    end
    local began = native.clock()
    local list = esim.run(esim.all, {
      function() return select(2, placed[1]:poll { timeout = 0.5 }).kind end, waiter(2), waiter(3), waiter(4),
      function()
        esim.sleep(1)
        return client:order(provider.input(), { timeout = 20 }) and "placed"
      end,
    })
    assert.same({ "unavailable", "completed", "completed", "completed", "placed" }, list)
    assert.truthy(native.clock() - began < 25)  -- the core holds for 30 s
  end)
end)

describe("the look at the deadline", function()
  it("gets the token that it needs", function()
    local order = assert(client_of():order(provider.input()))
    box.expire()
    local profile, e = order:wait { timeout = 0 }
    assert.truthy(profile, tostring(e))
  end)
end)

describe("a token end point that fails in passing", function()
  it("is not asked by each of those who have no more time, one after the other", function()
    box.token_fault "status=500"
    local client, jobs = client_of(), {}
    for i = 1, 200 do
      jobs[i] = function() return select(2, client:order(provider.input(), { timeout = 1 })).kind end
    end
    for _, kind in ipairs(esim.run(esim.all, jobs)) do assert.equal("not_sent", kind) end
    assert.truthy(box.log().token_requests < 30, box.log().token_requests)
  end)
end)

describe("a coroutine that fetches and is never resumed again", function()
  it("is taken for dead in the end: others fetch", function()
    box.token_fault "hang=30,times=1"
    local client, clock, skew = client_of(), native.clock, 0
    esim.use { await = function(pending)
      while not pending:done() do
        if coroutine.isyieldable and not coroutine.isyieldable() or not coroutine.running() then
          loop.wait(0.05)
        else
          coroutine.yield()
        end
      end
    end }
    local dropped = coroutine.create(function() client:order(provider.input()) end)
    assert(coroutine.resume(dropped))
    assert.equal("suspended", coroutine.status(dropped))
    esim.use(nil)
    native.clock = function() return clock() + skew end
    skew = 30
    local ok, placed, e = pcall(client.order, client, provider.input(), { timeout = 20 })
    native.clock = clock
    assert.truthy(ok and placed, tostring(ok and e or placed))
  end)
end)

describe("a second 401", function()
  it("does not end a token that came meanwhile", function()
    local asked = 0
    local one = auth.new(native.account { url = box.url }, function()
      asked = asked + 1
      return "t" .. asked
    end)
    local later = native.clock() + 60
    assert.is_true(one:ensure(nil, later))
    local former = one.serial
    assert.is_true(one:renew(nil, former, later))
    one:reject(former)
    one:reject(nil)
    assert.is_true(one:ensure(nil, later))
    assert.equal(2, asked)
    one:reject(one.serial)
    assert.is_true(one:ensure(nil, later))
    assert.equal(3, asked)
  end)

  it("is no storm: a thousand waits whose tokens are all refused ask for few, and hear of it", function()
    local asked, jobs = 0, {}
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      return "wrong-" .. asked
    end })
    for i = 1, 1000 do
      jobs[i] = function()
        return select(2, client:resume("order-" .. i):wait { timeout = 120, first = 0.1, factor = 1 }).kind
      end
    end
    local began = native.clock()
    for _, kind in ipairs(esim.run(esim.all, jobs)) do assert.equal("unauthorised", kind) end
    assert.truthy(asked <= 6, asked)
    assert.truthy(native.clock() - began < 60)
  end)

  it("for ever and for everybody asks for few tokens", function()
    local asked = 0
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      return "wrong-" .. asked
    end })
    local began = native.clock()
    for _ = 1, 4 do
      local _, e = client:order(provider.input())
      assert.is_true(err.is(e))
      assert.equal("unauthorised", e.kind)
    end
    assert.truthy(asked <= 2 * (native.clock() - began) + 2, asked)
  end)
end)

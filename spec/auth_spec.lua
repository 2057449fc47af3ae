-- The token: given as it is, or by a function that is asked once for all who need it.

local esim = require "esim"
local auth = require "esim.auth"
local err = require "esim.err"
local native = require "esim.native"
local provider = require "spec.support.provider"

local LATER = 1e9  -- native.clock() until which a token is waited for

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)

local function client_with(token)
  return assert(esim.client { url = box.url, token = token })
end

-- A function that counts how often it is asked.
local function counting(f)
  local counter = { asked = 0 }
  function counter.token(...)
    counter.asked = counter.asked + 1
    return f(counter.asked, ...)
  end
  return counter
end

local function requests()
  return #box.log().requests
end

describe("a token function", function()
  it("is asked once for all who wait", function()
    local counter = counting(function()
      esim.sleep(0.02)
      return box.token, 300
    end)
    local client = client_with(counter.token)
    local jobs = {}
    for i = 1, 20 do
      jobs[i] = function() return assert(client:order(provider.input())).id end
    end
    assert.equal(20, #esim.run(esim.all, jobs))
    assert.equal(1, counter.asked)
  end)

  it("that orders with its own client is refused, not waited for", function()
    local client, inside
    client = assert(esim.client { url = "http://127.0.0.1:1", token = function()
      inside = select(2, client:order(provider.input()))
      return "t"
    end })
    assert.equal("not_sent", select(2, client:order(provider.input())).kind)
    assert.equal("unauthorised", inside.kind)
  end)

  if coroutine.close then
    it("whose caller was closed meanwhile is asked again by the next one", function()
      local asked = 0
      local client = assert(esim.client { url = "http://127.0.0.1:1", token = function()
        asked = asked + 1
        if asked == 1 then coroutine.yield() end
        return "t"
      end })
      local first = coroutine.create(client.order)
      assert(coroutine.resume(first, client, provider.input()))
      assert(coroutine.close(first))
      assert.equal("not_sent", select(2, client:order(provider.input())).kind)
      assert.equal(2, asked)
    end)
  end

  it("is handed the client", function()
    local given
    local client = client_with(function(which)
      given = which
      return box.token
    end)
    assert(client:order(provider.input()))
    assert.equal(client, given)
  end)

  it("is asked again when nine tenths of the lifetime are over, and without a lifetime never", function()
    local clock, now = native.clock, 1000
    native.clock = function() return now end
    local ok, reason = pcall(function()
      for lifetime, due in pairs { [100] = 90, [300] = 270 } do
        local counter = counting(function() return "t", lifetime end)
        local one = auth.new(native.account { url = box.url }, counter.token)
        for _, step in ipairs { { 0, 1 }, { due - 0.1, 1 }, { due, 2 }, { 2 * due - 0.1, 2 }, { 2 * due + 5, 3 } } do
          now = 1000 + step[1]
          assert.is_true(one:ensure(nil, LATER))
          assert.equal(step[2], counter.asked)
        end
        now = 1000
      end
      for _, lifetime in ipairs { "300", {}, false } do
        local counter = counting(function() return "t", lifetime or nil end)
        local one = auth.new(native.account { url = box.url }, counter.token)
        assert.is_true(one:ensure(nil, LATER))
        now = now + 1e6
        assert.is_true(one:ensure(nil, LATER))
        assert.equal(1, counter.asked)
      end
    end)
    native.clock = clock
    assert(ok, reason)
  end)

  it("is asked once after a 401, whoever else met it with the same token", function()
    local counter = counting(function(n) return "t" .. n end)
    local one = auth.new(native.account { url = box.url }, counter.token)
    assert.is_true(one:ensure(nil, LATER))
    local serial = one.serial
    assert.is_true(one:renew(nil, serial, LATER))
    assert.is_true(one:renew(nil, serial, LATER))
    assert.equal(2, counter.asked)
    assert.is_true(one:renew(nil, one.serial, LATER))
    assert.equal(3, counter.asked)
  end)

  it("gives a wait a new token when the old one has expired", function()
    local counter = counting(function() return box.token, 300 end)
    local placed = assert(client_with(counter.token):order(provider.input("sandbox:401=1,at=look")))
    assert.truthy(placed:wait { timeout = 20, first = 0.05 })
    assert.equal(2, counter.asked)
  end)

  it("is asked again by the next one after it failed", function()
    local counter = counting(function(n)
      if n == 1 then error("the first time it fails") end
      return box.token
    end)
    local client = client_with(counter.token)
    assert.equal("unauthorised", select(2, client:order(provider.input())).kind)
    assert.truthy(client:order(provider.input()))
    assert.equal(2, counter.asked)
  end)

  it("that fails fails each who waits, with an error of his own", function()
    local client = client_with(function()
      esim.sleep(0.01)
      error("no")
    end)
    local jobs = {}
    for i = 1, 10 do
      jobs[i] = function()
        local customer = { email = "e" .. i }
        return select(2, client:order(provider.input("x", { customer = customer }), { correlation_id = "c" .. i }))
      end
    end
    for i, e in ipairs(esim.run(esim.all, jobs)) do
      assert.same({ "unauthorised", "c" .. i, "e" .. i }, { e.kind, e.correlation_id, e.email })
    end
  end)
end)

describe("what a token function brings instead of a token", function()
  local mine = err.new("throttled", { message = "mine" })
  local nameless = setmetatable({}, { __tostring = function() error("again") end })
  local CASES = {
    { "nothing", function() end, "gave no token" },
    { "false", function() return false end, "gave no token" },
    { "nil and a reason", function() return nil, "the vault is locked" end, "gave no token: the vault is locked" },
    { "a number", function() return 42 end, "no text but a number" },
    { "true", function() return true end, "no text but a boolean" },
    { "a table", function() return {} end, "no text but a table" },
    { "an empty text", function() return "" end, "empty" },
    { "a text with a space", function() return "SECRET token" end, "must not" },
    { "a text with a line end", function() return "SECRET\r\nX-Evil: 1" end, "must not" },
    { "a text with a NUL", function() return "SECRET\0" end, "must not" },
    { "an error", function() error("the vault is locked", 0) end, "failed: the vault is locked" },
    { "an error of two lines", function() error("one\ntwo", 0) end, "failed: one two" },
    { "an error with a bearer", function() error("sent Bearer SECRET") end, "Bearer [redacted]" },
    { "an error that is a table", function() error({}) end, "failed: table" },
    { "an error that is nil", function() error(nil) end, "failed" },
    { "an error that has no words", function() error(nameless) end, "an error without words" },
    { "an error of ours", function() error(mine) end, "mine", "throttled" },
    { "nil and an error of ours", function() return nil, mine end, "mine", "throttled" },
  }
  for _, case in ipairs(CASES) do
    it("is told without leaking, and nothing is sent: " .. case[1], function()
      local client, before = client_with(case[2]), requests()
      local placed, e = client:order(provider.input(), { correlation_id = "c-1" })
      assert.is_nil(placed)
      assert.equal(case[4] or "unauthorised", e.kind)
      assert.equal("c-1", e.correlation_id)
      local said = tostring(e)
      assert.truthy(said:find(case[3], 1, true), said)
      assert.is_nil(said:find("SECRET", 1, true), said)
      assert.is_nil(said:find("%c"), said)
      assert.equal(before, requests())
    end)
  end

  it("leaves the caller's own error as it was", function()
    client_with(function() return nil, mine end):order(provider.input())
    assert.is_nil(mine.correlation_id)
    assert.is_nil(mine.email)
  end)
end)

describe("a token", function()
  it("that is given as a text is used, and judged like any other", function()
    assert.truthy(client_with(box.token):order(provider.input()))
    for _, bad in ipairs { "SECRET token", "SECRET\n", "" } do
      local _, e = client_with(bad):order(provider.input())
      assert.equal("unauthorised", e.kind)
      assert.is_nil(tostring(e):find("SECRET", 1, true))
    end
  end)

  it("stays secret when a new one has come, for what is still in flight", function()
    local counter = counting(function(n)
      if n == 4 then error("neither TOKEN-2 nor TOKEN-3 would do") end
      return "TOKEN-" .. n
    end)
    local one = auth.new(native.account { url = box.url }, counter.token)
    for _ = 1, 3 do assert.is_true(one:renew(nil, one.serial, LATER)) end
    local ok, e = one:renew(nil, one.serial, LATER)
    assert.is_nil(ok)
    assert.truthy(tostring(e):find("neither [redacted] nor [redacted] would do", 1, true), tostring(e))
    assert.same({ "TOKEN-3", "TOKEN-2" }, one:secrets())
  end)

  it("is in reach of nobody who holds the client", function()
    local client = client_with(box.token)
    assert(client:order(provider.input()))
    local said = { tostring(client) }
    for key, value in pairs(client) do said[#said + 1] = tostring(key) .. tostring(value) end
    for key, value in pairs(getmetatable(client)) do said[#said + 1] = tostring(key) .. tostring(value) end
    assert.is_nil(table.concat(said):find(box.token, 1, true))
  end)
end)

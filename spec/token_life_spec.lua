-- The life of a token: one poll hears that it is stale, nothing goes out with one that has ended.

local esim = require "esim"
local core = require "esim.core"
local peer = require "spec.support.peer"
local process = require "esim_process"
local provider = require "spec.support.provider"

local BRISK = { target = "/v1/order/x", first = 0.05, factor = 1, cap = 0.05 }
local TOLD = 5  -- seconds, as in csrc/core/hold.c

-- A provider of one connection at a time, to which a token is good until the moment that it names.
local function serve()
  return peer.start(function(server)
    local connection, count = server:accept(), 0
    while connection do
      local text = server:request(connection)
      if text then
        count = count + 1
        local good = core.clock() < tonumber(text:match("Bearer t([%d.]+)") or math.huge)
        server:write(connection, peer.answer(good and "200 OK" or "401 Unauthorized", ('{"n":%d}'):format(count)))
      else
        server:close(connection)
        connection = server:accept()
      end
    end
    return 0
  end)
end

local function name(seconds)
  return ("t%.6f"):format(core.clock() + seconds)
end

local function spec(changes)
  local all = {}
  for key, value in pairs(BRISK) do all[key] = value end
  for key, value in pairs(changes or {}) do all[key] = value end
  return all
end

-- What comes back within `seconds`, until `wanted` of it: { { id, fault, answer }, … }.
local function take(inbox, seconds, wanted)
  local list, deadline = {}, core.clock() + seconds
  while #list < (wanted or math.huge) and core.clock() < deadline do
    inbox:wait(math.max(0, deadline - core.clock()))
    while true do
      local id, fault, got = inbox:take()
      if not id then break end
      list[#list + 1] = { id = id, fault = fault, got = got, at = core.clock() }
    end
  end
  return list
end

local function told(list)
  local only = {}
  for _, one in ipairs(list) do
    if one.got.stale then only[#only + 1] = one end
  end
  return only
end

describe("a token with a life", function()
  local server, inbox, account

  before_each(function()
    server, inbox = serve(), core.inbox()
    account = assert(core.account { url = server.url, connections = 1 })
  end)

  after_each(function()
    inbox:close()
  end)

  it("takes seconds that make sense", function()
    for _, wrong in ipairs { -1, 0 / 0, "x" } do
      assert.has_error(function() account:token("t", wrong) end)
      assert.has_error(function() account:token("t", nil, wrong) end)
    end
    assert(account:token("t", nil, nil))
    assert(account:token("t", math.huge, 1e300))
  end)

  it("is crossed by 1,000 polls three times, one told each time, none refused", function()
    assert(account:token(name(1), 0.6, 0.9))
    for _ = 1, 1000 do assert(inbox:poll(account, spec { first = 0.3, cap = 0.3 })) end
    local tokens, looks, holder = 1, 0, nil
    local deadline = core.clock() + 3.5
    while core.clock() < deadline do
      inbox:wait(0.1)
      while true do
        local id, fault, got = inbox:take()
        if not id then break end
        assert.is_nil(fault)
        if got.stale then
          assert.is_nil(holder, "two were told")
          assert.is_nil(got.http)
          assert.equal(tokens, got.serial)
          holder = { id = id, at = core.clock() }
        else
          assert.equal(200, got.http)
          looks = looks + 1
          assert.is_true(inbox:again(id))
        end
      end
      if holder and core.clock() > holder.at + 0.1 then  -- so long a token takes
        tokens = tokens + 1
        assert(account:token(name(1), 0.6, 0.9))
        assert.is_true(inbox:again(holder.id))
        holder = nil
      end
    end
    assert.is_true(tokens >= 4, "tokens: " .. tokens)
    assert.is_true(looks > 3000, "looks: " .. looks)
  end)

  it("goes on being used while the one who was told is at it", function()
    assert(account:token(name(60), 0))
    for _ = 1, 10 do assert(inbox:poll(account, spec())) end
    local list = take(inbox, 0.5)
    assert.equal(1, #told(list))
    assert.equal(10, #list)
  end)

  it("has another told when the one who was is gone", function()
    assert(account:token(name(60), 0))
    local began = core.clock()
    for _ = 1, 3 do assert(inbox:poll(account, spec())) end
    local first = take(inbox, 1, 1)[1]
    assert.is_true(first.got.stale)
    inbox:cancel(first.id)
    local at
    while not at and core.clock() - began < TOLD + 3 do
      for _, one in ipairs(take(inbox, 1, 1)) do
        if one.got.stale then at = core.clock() end
        assert.is_true(one.got.stale or inbox:again(one.id))
      end
    end
    assert.is_true(at - began > TOLD - 0.1 and at - began < TOLD + 1, "after " .. at - began)
  end)

  it("makes up at once the look that was put off, whatever its schedule", function()
    assert(account:token(name(60), 0))
    local id = assert(inbox:poll(account, spec { first = 0.05, factor = 100, cap = 100 }))
    assert.is_true(take(inbox, 2, 1)[1].got.stale)
    assert(account:token(name(60)))
    inbox:again(id)
    local one = take(inbox, 1, 1)[1]
    assert.equal(200, one.got.http)
  end)

  it("that ended holds all that it signs, tells one, and spends nothing", function()
    assert(account:token(name(0), nil, 0))
    local before, began = process.cpu(), core.clock()
    for _ = 1, 10 do assert(inbox:poll(account, spec())) end
    local order = assert(inbox:order(account, { target = "/v1/order", body = "{}" }))
    local request = assert(inbox:request(account, { target = "/v1/x" }))
    local bare = assert(inbox:request(account, { target = "/token", headers = { "Authorization: Basic b3du" } }))
    local list = take(inbox, TOLD + 1)
    assert.is_true(process.cpu() - before < 0.2)
    assert.equal(3, #list)
    local stale = told(list)
    assert.equal(2, #stale)
    assert.is_true(stale[2].at - stale[1].at > TOLD - 0.1)
    for _, one in ipairs(list) do
      assert.is_true(one.got.stale or (one.id == bare and one.got.http == 200))
    end
    assert.is_true(core.clock() - began < TOLD + 3)
    assert(account:token(name(60)))
    local seen = {}
    for _, one in ipairs(stale) do seen[one.id] = true end  -- an order that was told has ended without being sent
    for _, one in ipairs(take(inbox, 2, 10)) do
      assert.is_nil(one.fault)
      assert.equal(200, one.got.http)
      seen[one.id] = true
    end
    assert.is_true(seen[order] and seen[request])
  end)

  it("that ends while much waits for the rate sends nothing after", function()
    account = assert(core.account { url = server.url, connections = 1, rate = 50 })
    assert(account:token(name(0.5), nil, 0.4))
    for _ = 1, 100 do assert(inbox:request(account, { target = "/v1/x" })) end
    local list = take(inbox, 1)
    assert.is_true(#list > 0 and #list <= 25, "answers: " .. #list)
    assert(account:token(name(60)))
    for _, one in ipairs(take(inbox, 5, 100 - #list)) do assert.equal(200, one.got.http) end
  end)

  it("lets what is held meet its own deadline", function()
    assert(account:token(name(0), nil, 0))
    for _ = 1, 2 do assert(inbox:poll(account, spec { deadline = 0.3 })) end
    assert(inbox:order(account, { target = "/v1/order", body = "{}", deadline = 0.3 }))
    assert(inbox:request(account, { target = "/v1/x", deadline = 0.3 }))
    local stale, late = 0, 0
    local deadline = core.clock() + TOLD + 2
    while late < 4 and core.clock() < deadline do
      for _, one in ipairs(take(inbox, 1, 1)) do
        if one.got.stale then
          stale = stale + 1
          late = late + (inbox:again(one.id) and 0 or 1)  -- an order or a request has ended
        else
          late = late + 1
          assert.equal("deadline", one.fault)
          assert.equal(401, one.got.http)
          assert.is_false(one.got.sent)
        end
      end
    end
    assert.equal(4, late)
    assert.is_true(stale == 1 or stale == 2, "told: " .. stale)
  end)

  it("that is yet to come holds what is to be signed, and one is told", function()
    local waits = assert(core.account { url = server.url, connections = 1, awaits_token = true })
    for _ = 1, 3 do assert(inbox:poll(waits, spec())) end
    local one = told(take(inbox, 2, 1))[1]
    assert.equal(0, one.got.serial)
    assert(inbox:order(waits, { target = "/v1/order", body = "{}" }))
    local bare = assert(inbox:request(waits, { target = "/v1/order/x", headers = { "Authorization: Basic eA==" } }))
    local list = take(inbox, 0.5)
    assert.equal(1, #list)
    assert.equal(bare, list[1].id)
    assert(waits:token(name(60)))
    inbox:again(one.id)
    local seen = take(inbox, 5, 4)
    assert.equal(4, #seen)
    for _, each in ipairs(seen) do assert.equal(200, each.got.http) end
  end)

  it("that will have no successor is a 401 to what it held", function()
    assert(account:token(name(0), nil, 0))
    for _ = 1, 5 do assert(inbox:poll(account, spec())) end
    assert(inbox:order(account, { target = "/v1/order", body = "{}" }))
    local first = take(inbox, 0.3)
    assert.equal(1, #first)
    assert(account:token(false))
    local list = take(inbox, 2, 5)
    assert.equal(5, #list)
    for _, one in ipairs(list) do
      assert.equal(401, one.got.http)
      assert.is_nil(one.got.stale)
      assert.is_false(one.got.sent)
    end
  end)

  it("that is only stale is no 401 when it has no successor", function()
    assert(account:token(name(60), 0))
    for _ = 1, 2 do assert(inbox:poll(account, spec())) end
    local list = take(inbox, 1, 2)
    assert.equal(1, #told(list))
    assert(account:token(false))
    inbox:again(told(list)[1].id)
    assert.equal(200, take(inbox, 1, 1)[1].got.http)
  end)

  it("lives on in a child", function()
    assert(account:token(name(60), 0))
    assert(inbox:poll(account, spec()))
    assert.is_true(take(inbox, 1, 1)[1].got.stale)
    local pid = process.fork()
    if pid == 0 then
      local own = core.inbox()
      assert(own:poll(account, spec()))
      local one = take(own, 2, 1)[1]
      process.exit(one and one.got.stale and one.got.serial == 1 and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
  end)
end)

describe("an order's wait", function()
  local box, methods, set

  setup(function()
    box = provider.start { delay = 1 }
    methods = debug.getmetatable(assert(core.account { url = box.url })).__index
    set = methods.token
  end)
  teardown(function()
    methods.token = set
    assert(box.stop())
  end)

  -- A wait over tokens of that life: what the core was given.
  local function wait(stale, ends, fails)
    local given = 0
    methods.token = function(account, text)
      if not text then return set(account, text) end
      given = given + 1
      return set(account, text, stale, ends)
    end
    local client = assert(esim.client { url = box.url, token = function()
      if fails and given > 0 then error "no token today" end
      return box.token, 300
    end })
    local order = assert(client:order(provider.input()))
    assert(order:wait { timeout = 10, first = 0.3, factor = 1, cap = 0.3, jitter = 0 })
    return given
  end

  it("renews what is stale, and makes its look at once", function()
    assert.is_true(wait(0.5) >= 2)
  end)

  it("renews what has ended", function()
    assert.is_true(wait(nil, 0.5) >= 2)
  end)

  it("is not broken off where what is stale has no successor", function()
    assert.equal(1, wait(0.1, nil, true))
  end)

  it("does not go round for ever with tokens that are stale at birth", function()
    assert.is_true(wait(0) <= 6)
  end)
end)

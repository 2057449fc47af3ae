-- One record for each exchange that leaves the wire, whoever asked for it and whatever became of it.

local esim = require "esim"
local core = require "esim.core"
local loop = require "esim.loop"
local peer = require "spec.support.peer"
local process = require "esim_process"
local provider = require "spec.support.provider"

local MOST = 8192  -- as in csrc/core/ledger.h
local TAG = 7

local box, account, heard

local function hook(record) heard[#heard + 1] = record end

setup(function()
  box = provider.start { delay = 0 }
  account = assert(core.account { url = box.url, records = true })
  assert(account:token(box.token))
  loop.hook(TAG, hook)
end)
teardown(function()
  loop.hook(TAG, nil)
  assert(box.stop())
end)
before_each(function() heard = {} end)

local function headers(id)
  return { "X-Correlation-ID: " .. id, "Content-Type: application/json", "Cache-Control: no-cache" }
end

local BODY = '{"input":{"operationType":"NEW_ESIM","countryCode":"PT","customer":{"email":"a@example.com"},'
  .. '"device":{"id":"1","type":"ios"},"subscriptions":[{"product_id":"%s"}]}}'

local function order(product_id, changes)
  local spec = { target = "/v1/order", body = BODY:format(product_id), headers = headers(core.uuid()), tag = TAG }
  for key, value in pairs(changes or {}) do spec[key] = value end
  return assert(loop.submit("order", account, spec))
end

local function placed(product_id)
  local _, got = loop.await(order(product_id))
  heard = {}
  return got.body:match('"id":"([^"]+)"')
end

local function look(id, changes)
  local spec = { target = "/v1/order/" .. id, headers = headers(core.uuid()), tag = TAG, first = 0.02, factor = 1,
    cap = 0.02 }
  for key, value in pairs(changes or {}) do spec[key] = value end
  return assert(loop.submit("poll", account, spec))
end

local STEPS = { "dns", "connect", "tls", "first_byte", "total" }

local function check(record)
  local last = 0
  for _, step in ipairs(STEPS) do
    local at = record[step]
    assert.is_true(at == nil or at >= last, step)
    last = at or last
  end
  assert.is_number(record.total)
  assert.is_true(math.abs(record.at - os.time()) < 5)
  assert.equal(TAG, record.tag)
  assert.is_nil(record.dropped)
  assert.equal(record.http and record.http >= 100 or false, record.first_byte ~= nil)
  if record.sent then
    assert.is_true(record.bytes_sent > 60 and record.bytes_sent < 1000, "sent " .. record.bytes_sent)
  else
    assert.equal(0, record.bytes_sent)
  end
  if record.http then assert.is_true(record.bytes_received > 15) end
  for key, value in pairs(record) do
    if type(value) == "string" then assert.is_nil(value:find(box.token, 1, true), key) end
  end
end

-- { status or fault, attempt, again } of each record so far.
local function outline()
  loop.pump()
  local list = {}
  for i, record in ipairs(heard) do
    check(record)
    list[i] = { record.fault or record.http, record.attempt, record.again }
  end
  return list
end

-- What the sandbox counted of a path.
local function taken(path)
  local count = 0
  for _, request in ipairs(box.log().requests) do
    if request.path == path then count = count + 1 end
  end
  return count
end

describe("an order's records", function()
  for fault, expected in pairs {
    [""] = { { 200, 1 } },
    ["429=2"] = { { 429, 1 }, { 429, 2, "429" }, { 200, 3, "429" } },
    ["429=1,retry-after=1"] = { { 429, 1 }, { 200, 2, "429" } },
    ["401=1"] = { { 401, 1 } }, ["403"] = { { 403, 1 } }, ["404"] = { { 404, 1 } }, ["406"] = { { 406, 1 } },
    ["500"] = { { 500, 1 } }, ["502"] = { { 502, 1 } }, ["503"] = { { 503, 1 } },
    ["cut"] = { { "cut", 1 } }, ["cut=during"] = { { "cut", 1 } }, ["cut=early"] = { { "cut", 1 } },
    ["hang=1"] = { { "late", 1 } }, ["garbled"] = { { "garbled", 1 } }, ["large"] = { { "large", 1 } },
    ["pieces"] = { { 200, 1 } }, ["html"] = { { 200, 1 } }, ["empty"] = { { 200, 1 } }, ["redirect"] = { { 302, 1 } },
  } do
    it("after " .. fault, function()
      local before = taken "/v1/order"
      local pending = order("sandbox:" .. fault, { timeout = fault == "hang=1" and 0.3 or 5, deadline = 20 })
      loop.await(pending)
      assert.same(expected, outline())
      assert.equal(before + #expected, taken "/v1/order")
      for _, record in ipairs(heard) do
        assert.same({ "POST", "/v1/order", pending.id, true }, { record.method, record.target, record.id, record.sent })
      end
      assert.equal(fault:find "retry%-after" and 1 or nil, heard[1].retry_after)
      account:token(box.token)  -- a 401 holds the account
    end)
  end
end)

describe("a poll's records", function()
  for fault, expected in pairs {
    [""] = { { 200, 1 } },
    ["500=2"] = { { 500, 1 }, { 500, 2, "500" }, { 200, 3, "500" } },
    ["503=1,retry-after=1"] = { { 503, 1 }, { 200, 2, "503" } },
    ["429=1"] = { { 429, 1 }, { 200, 2, "429" } },
    ["large"] = { { "large", 1 } }, ["redirect"] = { { 302, 1 } },
  } do
    it("after " .. fault, function()
      local id = placed("sandbox:at=look," .. fault)
      local pending = look(id)
      loop.await(pending)
      loop.cancel(pending)
      assert.same(expected, outline())
      assert.equal(#expected, taken("/v1/order/" .. id))
    end)
  end

  for fault, again in pairs { garbled = "garbled", cut = "cut", ["500"] = "500" } do
    it("count on while it meets " .. fault, function()
      local id = placed("sandbox:at=look," .. fault)
      assert.equal("deadline", (loop.await(look(id, { deadline = 1.5 }))))
      local list = outline()
      assert.is_true(#list >= 2)
      local sent = #list
      for _, record in ipairs(heard) do sent = sent + (record.resent or 0) end
      assert.equal(sent, taken("/v1/order/" .. id))
      for i, one in ipairs(list) do
        assert.same({ tonumber(again) or again, i, i > 1 and again or nil }, one)
      end
    end)
  end

  it("count no further than 65,535", function()
    local pending = look(placed "sandbox:at=look,500=2", { attempt = 65534 })
    loop.await(pending)
    loop.cancel(pending)
    assert.same({ { 500, 65534 }, { 500, 65535, "500" }, { 200, 65535, "500" } }, outline())
  end)

  it("go on after a 401 that is delivered, and begin anew after what is final", function()
    local pending = look(placed "sandbox:at=look,401=1")
    assert.equal(401, select(2, loop.await(pending)).http)
    assert(account:token(box.token))
    for _ = 1, 2 do
      loop.again(pending)
      if not pending:done() then break end
    end
    assert.equal(200, select(2, loop.await(pending)).http)
    loop.again(pending)
    while #heard < 3 do loop.wait(5) end
    loop.cancel(pending)
    local list = outline()
    assert.same({ { 401, 1 }, { 200, 2, "401" }, { 200, 1 } }, { list[1], list[2], list[3] })
  end)

  it("are those of unchanged answers too, and wake a host's descriptor", function()
    local id = placed "sandbox:slow=60"
    local pending = look(id)
    loop.await(pending)
    loop.again(pending)
    while #heard < 10 do assert.is_true(loop.inbox():wait(5) and loop.pump() == 0) end
    loop.cancel(pending)
    loop.wait(0.1)
    assert.equal(#outline(), taken("/v1/order/" .. id))
  end)
end)

describe("a record", function()
  it("is given before the outcome", function()
    local pending, before = order "cm9k", nil
    local function look_first() before = not pending.ready end
    loop.hook(TAG, look_first)
    loop.await(pending)
    loop.hook(TAG, hook)
    assert.is_function(look_first)  -- the loop keeps no hook from the collector
    assert.is_true(before)
  end)

  it("goes on with the count that it is given", function()
    loop.await(order("cm9k", { attempt = 2, again = "401" }))
    loop.await(order("cm9k", { attempt = 1e9 }))
    assert.same({ { 200, 2, "401" }, { 200, 65535 } }, outline())
    assert.has_error(function() order("cm9k", { attempt = 0 }) end)
    for _, wrong in ipairs { {}, "", "cut", "4011", "-401", "40", "4.1" } do
      assert.has_error(function() order("cm9k", { again = wrong }) end)
    end
    assert.has_error(function() order("cm9k", { tag = "x" }) end)
  end)

  it("tells of a connection that was made, and of one that was kept", function()
    local own = assert(core.account { url = box.url, records = true, connections = 1 })
    own:token(box.token)
    for _ = 1, 2 do
      loop.await(assert(loop.submit("request", own, { target = "/none", headers = headers "x", tag = TAG })))
    end
    outline()
    -- The wire may have kept one of another account of the same URL.
    assert.is_nil(heard[2].connect)
    assert.is_nil(heard[2].dns)
    assert.is_nil(heard[2].tls)
    assert.is_number(heard[2].first_byte)
  end)

  it("tells of TLS", function()
    local tls = provider.start { tls = true, delay = 0 }
    local own = assert(core.account { url = tls.url, records = true, ca_file = tls.ca_file })
    own:token(tls.token)
    local stranger = assert(core.account { url = tls.url, records = true })
    for _, one in ipairs { own, own, stranger } do
      loop.await(assert(loop.submit("request", one, { target = "/none", headers = headers "x", tag = TAG })))
    end
    assert(tls.stop())
    assert.same({ { 404, 1 }, { 404, 1 }, { "tls", 1 } }, outline())
    assert.is_true(heard[1].tls > heard[1].connect and heard[1].connect >= heard[1].dns)
    assert.is_nil(heard[2].tls)
    assert.is_nil(heard[3].tls)
    assert.is_false(heard[3].sent)
  end)

  it("is had where nobody listens, and no name resolves", function()
    for url, fault in pairs { ["http://127.0.0.1:1"] = "connect", ["https://nowhere.invalid"] = "resolve" } do
      heard = {}
      loop.await(assert(loop.submit("request", assert(core.account { url = url, records = true }),
        { target = "/none", tag = TAG })))
      assert.same({ { fault, 1 } }, outline())
      assert.is_nil(heard[1].connect)
      assert.is_false(heard[1].sent)
    end
  end)

  it("counts bytes", function()
    local answer = peer.answer("200 OK", ("y"):rep(500))
    local server = peer.start(function(server)
      local connection, sizes = assert(server:accept()), 0
      for _ = 1, 2 do
        sizes = sizes + #server:request(connection)
        server:write(connection, answer)
      end
      server:close(connection)
      return sizes % 200
    end)
    local own = assert(core.account { url = server.url, records = true })
    for _, body in ipairs { ("x"):rep(300), "" } do
      loop.await(assert(loop.submit("request", own, { target = "/a", body = body, tag = TAG })))
    end
    outline()
    assert.equal(#answer, heard[1].bytes_received)
    assert.equal(server.wait(), (heard[1].bytes_sent + heard[2].bytes_sent) % 200)
  end)

  it("is had of what was cancelled on the wire, and of nothing that was not on it", function()
    local waiting = look(placed "sandbox:slow=60", { first = 60, cap = 60 })
    local flying = assert(loop.submit("poll", account, {
      target = "/v1/order/" .. placed "sandbox:at=look,hang=1", headers = headers "x", tag = TAG, first = 0.001,
    }))
    esim.sleep(0.3)
    assert.same({}, outline())
    loop.cancel(waiting)
    loop.cancel(flying)
    loop.wait(5)
    assert.same({ { "cancelled", 1 } }, outline())
    assert.is_true(heard[1].sent and heard[1].total > 0.1)
    assert.equal(flying.id, heard[1].id)
  end)

  it("is had of an order that nobody waits for", function()
    local pending = order "sandbox:hang=0.3"
    esim.sleep(0.1)
    loop.cancel(pending)
    while #heard == 0 do loop.wait(5) end
    assert.same({ { 200, 1 } }, outline())
  end)

  it("is not made for an account that wants none", function()
    local inbox, own = core.inbox(), assert(core.account { url = box.url })
    assert(inbox:request(own, { target = "/none" }))
    inbox:wait(5)
    assert.is_nil(inbox:record())
    assert.is_number(inbox:take())
    inbox:close()
    assert.has_error(function() inbox:record() end)
  end)
end)

describe("a hook", function()
  it("that raises is told once, and breaks no wait", function()
    local host, said, calls = loop.host(), {}, 0
    host.tell = function(line) said[#said + 1] = line end
    local function failing()
      calls = calls + 1
      error "a hook that fails"
    end
    loop.hook(TAG, failing)
    for _ = 1, 3 do assert.equal(200, select(2, loop.await(order "cm9k")).http) end
    host.tell = nil
    loop.hook(TAG, hook)
    assert.equal(3, calls)
    assert.equal(1, #said)
    assert.truthy(said[1]:find("a hook that fails", 1, true))
  end)

  it("is not held, nor what it refers to", function()
    local client = setmetatable({}, { __mode = "v" })
    local function hear_one()  -- a frame of its own: LuaJIT's collector may find a variable that is gone in ours
      local mine = { count = 0 }
      mine.hook = function() mine.count = mine.count + 1 end
      client[1] = mine
      loop.hook(TAG + 1, mine.hook)
      loop.await(order("cm9k", { tag = TAG + 1 }))
      assert.equal(1, mine.count)
    end
    hear_one()
    collectgarbage()
    collectgarbage()
    assert.is_nil(client[1])
    loop.await(order("cm9k", { tag = TAG + 1 }))
    assert.same({}, heard)
  end)
end)

describe("an inbox", function()
  local closed  -- an URL where nobody listens

  setup(function() closed = assert(core.account { url = "http://127.0.0.1:1", records = true, connections = 16 }) end)

  local function drain(inbox)
    local list, record = {}, inbox:record()
    while record do
      list[#list + 1] = record
      record = inbox:record()
    end
    return list
  end

  it("keeps only so many records, and counts the others", function()
    local inbox, back = core.inbox(), 0
    local count = MOST + 500
    for _ = 1, count do assert(inbox:request(closed, { target = "/" })) end
    while back < count do
      inbox:wait(5)
      while inbox:take() do back = back + 1 end
    end
    local list = drain(inbox)
    assert.equal(MOST, #list)
    assert.equal(500, list[1].dropped)
    for i = 2, #list do assert.is_nil(list[i].dropped) end
    assert(inbox:request(closed, { target = "/" }))
    while not inbox:take() do inbox:wait(5) end
    assert.is_nil(drain(inbox)[1].dropped)
    inbox:close()
  end)

  it("that is closed takes its records with it, and what flies for it then", function()
    for round = 1, 20 do
      local inbox = core.inbox()
      for _ = 1, 20 do
        assert(inbox:request(closed, { target = "/" }))
        assert(inbox:order(account, { target = "/v1/order", body = BODY:format "sandbox:hang=0.1",
          headers = headers(core.uuid()) }))
        assert(inbox:poll(account, { target = "/v1/order/none", headers = headers "x", first = 0.001 }))
      end
      if round % 2 == 0 then inbox:wait(0.02) end
      if round % 3 == 0 then inbox:record() end
      inbox:close()
    end
    esim.sleep(0.5)
  end)

  it("forgets a parent's in a child", function()
    local inbox = core.inbox()
    assert(inbox:request(closed, { target = "/" }))
    inbox:wait(5)
    local pid = process.fork()
    if pid == 0 then
      local nothing = inbox:record() == nil and inbox:take() == false and inbox:record() == nil
      assert(inbox:request(closed, { target = "/" }))
      inbox:wait(5)
      local own = inbox:record()
      while not own do
        inbox:wait(5)
        own = inbox:record()
      end
      process.exit(nothing and own and own.fault == "connect" and not inbox:record() and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
    assert.equal(1, #drain(inbox))
    inbox:close()
  end)

  it("gives what it has when the collector runs at every step", function()
    local before = collectgarbage "count"
    for _ = 1, 50 do
      loop.await(order "cm9k")
      collectgarbage()
    end
    assert.equal(50, #outline())
    heard = {}
    collectgarbage()
    assert.is_true(collectgarbage "count" < before + 1000)
  end)
end)

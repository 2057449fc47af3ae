-- What a client tells its log: each exchange, order, wait and token, and never a secret.

local core = require "esim.core"
local err = require "esim.err"
local esim = require "esim"
local exchange = require "esim.log.exchange"
local line = require "esim.log.line"
local loop = require "esim.loop"
local provider = require "spec.support.provider"

local box, heard

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() heard = {} end)

local function hook(entry) heard[#heard + 1] = entry end

local function client(options)
  local all = { url = box.url, token = box.token, log = hook, timeout = 5 }
  for key, value in pairs(options or {}) do all[key] = value or nil end
  return assert(esim.client(all))
end

-- The entries of a kind, after what is still to come.
local function told(what)
  local list = {}
  loop.pump()
  for _, entry in ipairs(heard) do
    if entry.what == what then list[#list + 1] = entry end
  end
  return list
end

local function outline(what, ...)
  local list = {}
  for i, entry in ipairs(told(what)) do
    list[i] = {}
    for j = 1, select("#", ...) do list[i][j] = entry[(select(j, ...))] or false end
  end
  return list
end

local QUICK = { timeout = 5, first = 0.02, factor = 1, cap = 0.02 }

-- What the sandbox took by that correlation id: { method, status }.
local function taken(correlation_id)
  local list = {}
  for _, request in ipairs(box.log().requests) do
    if request.correlation_id == correlation_id then list[#list + 1] = { request.method, request.path } end
  end
  return list
end

describe("an exchange", function()
  it("is told once each, with the order that it is about", function()
    local order = assert(client():order(provider.input "sandbox:slow=1"))
    assert(order:wait(QUICK))
    local list = told "exchange"
    assert.is_true(#list > 2)
    assert.same(taken(order.correlation_id), outline("exchange", "method", "path"))
    for i, entry in ipairs(list) do
      assert.equal(order.correlation_id, entry.correlation_id)
      assert.equal(i > 1 and order.id or nil, entry.order_id)
      assert.equal(i > 1 and "order_status" or "order", entry.kind)
      assert.same({ 200, 1 }, { entry.status, entry.attempt })
      assert.is_true(entry.total > 0 and entry.bytes_sent > 100 and entry.bytes_received > 100)
      assert.is_true(math.abs(entry.at - os.time()) < 5)
    end
  end)

  for product, expected in pairs {
    ["429=2"] = { { 429, 1, false }, { 429, 2, "429" }, { 200, 3, "429" } },
    ["401=1"] = { { 401, 1, false }, { 200, 2, "401" } },
    ["cut"] = { { "cut", 1, false } }, ["500"] = { { 500, 1, false } },
  } do
    it("that is tried again says so: " .. product, function()
      local serial = 0
      local placed, e = client { token = function()
        serial = serial + 1
        return box.token, 300
      end }:order(provider.input("sandbox:" .. product))
      local list = outline("exchange", "status", "attempt", "again")
      for i, entry in ipairs(told "exchange") do list[i][1] = list[i][1] or entry.fault end
      assert.same(expected, list)
      assert.equal(#expected, #taken((placed or e).correlation_id))
      assert.equal(serial, #told "token")
    end)
  end

  it("of any other call is told, with its correlation id", function()
    local connect = client()
    assert(connect:products(nil, { correlation_id = "a-list" }))
    assert(not connect:sim("8944479879835857335", { correlation_id = "a-sim", check = false }))
    assert.same({ { "product", "a-list", 200 }, { "sim", "a-sim", 404 } },
      outline("exchange", "kind", "correlation_id", "status"))
  end)

  it("that has ended leaves nothing behind", function()
    local ids = setmetatable({}, { __mode = "k" })
    local submit = loop.submit
    local connect = client { log = function() end }
    function loop.submit(kind, account, spec, ...)
      if spec then
        spec.about = { spec.about }  -- a table, of which the collector tells
        ids[spec.about] = true
      end
      return submit(kind, account, spec, ...)
    end
    for _ = 1, 3 do assert(connect:products()) end
    local order = assert(connect:order(provider.input()))
    assert(order:wait(QUICK))
    loop.submit = submit
    collectgarbage()
    collectgarbage()
    assert.is_nil(next(ids))
  end)

  it("that a wait's end breaks off is told with its order, too", function()
    local order = assert(client():order(provider.input "sandbox:at=look,hang=1"))
    esim.run(function()
      local task = esim.spawn(function() return select(2, order:wait { timeout = 5, first = 0.02 }) end)
      esim.sleep(0.3)
      order:cancel()
      assert.equal("cancelled", task:join().kind)
    end)
    loop.wait(5)
    local list = told "exchange"
    assert.equal("cancelled", list[2].fault)
    assert.same({ order.correlation_id, order.id }, { list[2].correlation_id, list[2].order_id })
  end)

  it("keeps ids and queries, and no code", function()
    local function entry(target)
      return exchange.entry({ method = "GET", target = target }, "c", { "secret%token" })
    end
    local path = "/v1/subscription?iccid=8944&page=2"
    assert.equal(path, entry(path).path)
    assert.equal("a/b", entry("/v1/order/a%2Fb").order_id)
    for target, kind in pairs {
      ["/v1/order"] = "order", ["/v1/order/x?y"] = "order_status", ["/v1/products"] = "product",
      ["/v1/product/x"] = "product", ["/v1/product?currency=EUR"] = "product", ["/v1/sim/8944/preferences"] = "sim",
      ["/v1/subscription/s/activate"] = "subscription", ["/v1/else"] = "other", ["/"] = "other",
      ["/v2/orders"] = "order", ["/v2/orders/x"] = "order_status", ["/v2/sims/8944"] = "sim",
    } do
      assert.equal(kind, entry(target).kind, target)
    end
    for _, secret in ipairs { "LPA:1$rsp.example.com$SECRET", "LPA%3A1%24rsp.example.com%24SECRET", "secret%token",
      "secret%25token" } do
      local told_of = entry("/v1/order/" .. secret)
      for _, value in pairs(told_of) do
        assert.is_nil(tostring(value):find("SECRET", 1, true) or tostring(value):find("secret", 1, true))
      end
    end
  end)
end)

describe("an order", function()
  it("is told whatever its outcome, and not as abandoned", function()
    local connect = client()
    local order = assert(connect:order(provider.input(), { correlation_id = "told-1" }))
    local _, unknown = connect:order(provider.input "sandbox:cut")
    assert(not connect:order(provider.input "sandbox:404"))
    assert(not connect:order({}))
    assert(not client { url = "http://127.0.0.1:1" }:order(provider.input()))
    assert(not client { token = function() error "none" end }:order(provider.input()))
    local list = told "order"
    assert.same({ "accepted", "unknown", "refused", "invalid", "not_sent", "unauthorised" }, {
      list[1].outcome, list[2].outcome, list[3].outcome, list[4].outcome, list[5].outcome, list[6].outcome,
    })
    assert.same({ "told-1", order.id, order.status }, { list[1].correlation_id, list[1].order_id, list[1].status })
    assert.equal(unknown, list[2].err)
    for _, entry in ipairs(list) do
      assert.is_string(entry.correlation_id)
      assert.is_nil(entry.abandoned or entry.known)
    end
  end)

  it("whose wait for an answer is broken off is told as unknown", function()
    esim.use { await = function() error "no more" end }
    local ok, e = pcall(function() client():order(provider.input()) end)
    esim.use(nil)
    assert.is_false(ok)
    assert.equal("unknown", e.kind)
    assert.same({ { "unknown" } }, outline("order", "outcome"))
  end)
end)

describe("a wait", function()
  local function outcome_of(product, options, f)
    local order = assert(client():order(provider.input(product)))
    heard = {}
    f = f or function() return order:wait(options or QUICK) end
    local ok, result, e = pcall(f, order)
    local list = told "wait"
    assert.equal(2, #list)
    assert.same({ "begun", "ended" }, { list[1].state, list[2].state })
    for _, entry in ipairs(list) do
      assert.same({ order.id, order.correlation_id }, { entry.order_id, entry.correlation_id })
      assert.is_true(entry.seconds >= 0 and entry.seconds < 10)
    end
    assert.is_nil(list[1].outcome)
    return list[2].outcome, ok and (e or result) or result
  end

  it("is told when it begins, and how it ends", function()
    assert.equal("completed", (outcome_of "sandbox:slow=0.2"))
    assert.equal("failed", (outcome_of "sandbox:failed"))
    assert.equal("timeout", (outcome_of("sandbox:slow=60", { timeout = 0.2, first = 0.02 })))
    assert.equal("refused", (outcome_of "sandbox:at=look,406"))
    assert.equal("raised", (outcome_of("sandbox:slow=0.1", nil, function(order)
      order:wait { timeout = 5, first = 0.02, cap = 0.02, factor = 1, on_status = function() error "mine" end }
    end)))
    assert.equal("cancelled", (outcome_of("sandbox:slow=0.1", nil, function(order)
      order:wait { timeout = 5, first = 0.02, cap = 0.02, factor = 1, on_status = function() order:cancel() end }
    end)))
  end)

  it("for what is known is none", function()
    local order = assert(client():order(provider.input()))
    assert(order:wait(QUICK))
    heard = {}
    assert(order:wait(QUICK))
    assert.same({}, told "wait")
  end)

  it("does not make up when an order was placed", function()
    local connect = client()
    local order = assert(connect:order(provider.input()))
    heard = {}
    assert(assert(connect:resume(order.id)):wait(QUICK))
    assert(assert(connect:resume(order:save())):wait(QUICK))
    local list = told "wait"
    assert.same({ nil, nil }, { list[1].seconds, list[2].seconds })
    assert.is_number(list[4].seconds)
  end)
end)

describe("a token", function()
  it("is told when a function gives it, or does not", function()
    assert(client { token = function() return box.token, 300 end }:order(provider.input()))
    assert(not client { token = function() return nil, "none today" end }:order(provider.input()))
    assert.same({ { "fetched" }, { "unauthorised" } }, outline("token", "outcome"))
    assert.is_number(told("token")[1].seconds)
  end)

  it("that is given is not told", function()
    assert(client():order(provider.input()))
    assert.same({}, told "token")
  end)
end)

describe("a hook", function()
  local function said_by(f)
    local host, said = loop.host(), {}
    local tell = host.tell
    host.tell = function(text) said[#said + 1] = text end
    local ok, reason = pcall(f)
    host.tell = tell
    assert(ok, reason)
    return said
  end

  it("that raises breaks nothing, and is told once", function()
    local calls = 0
    local said = said_by(function()
      local connect = client { log = function()
        calls = calls + 1
        error("a hook that fails, with " .. box.token .. " and LPA:1$rsp.example.com$SECRET")
      end }
      assert(assert(connect:order(provider.input())):wait(QUICK))
    end)
    assert.is_true(calls >= 5)
    assert.equal(1, #said)
    assert.truthy(said[1]:find("a hook that fails", 1, true))
    assert.is_nil(said[1]:find(box.token, 1, true) or said[1]:find("SECRET", 1, true))
  end)

  for name, does in pairs {
    ["uses the client"] = function(connect) connect:products() end,
    ["orders"] = function(connect) connect:order(provider.input()) end,
    ["waits"] = function() esim.sleep(0.01) end,
    ["suspends"] = function() coroutine.yield() end,
  } do
    it("that " .. name .. " fails, and nobody waits for it", function()
      local profiles, connect
      local before = box.log().orders
      local said = said_by(function()
        connect = client { log = function() does(connect) end }
        local function buy() return assert(assert(connect:order(provider.input())):wait(QUICK)) end
        buy()
        profiles = esim.run(function() return esim.all { buy, buy } end)
      end)
      assert.equal(2, #profiles)
      assert.equal(before + 3, box.log().orders)
      assert.equal(1, #said)
      assert.truthy(said[1]:find("the log hook failed", 1, true))
    end)
  end

  it("may spawn a task, which may wait", function()
    local spawned = 0
    local connect = client { log = function(entry)
      if entry.what == "order" then
        esim.spawn(function()
          esim.sleep(0.01)
          spawned = spawned + 1
        end)
      end
    end }
    esim.run(function() assert(connect:order(provider.input())) end)
    assert.equal(1, spawned)
  end)

  it("is a function, or nginx's log inside nginx", function()
    for _, wrong in ipairs { 1, true, "ngx", "file", {} } do
      local ok, reason = pcall(function() esim.client { url = box.url, token = "t", log = wrong } end)
      assert.is_false(ok)
      assert.truthy(reason:find("log_spec.lua:%d+: esim.client: log "), reason)
    end
  end)

  it("that is none has no records, and no pending of its own", function()
    local submit, specs = loop.submit, {}
    function loop.submit(kind, account, spec, ...)
      specs[#specs + 1] = spec or kind
      return submit(kind, account, spec, ...)
    end
    local order = assert(client { log = false }:order(provider.input()))
    assert(order:wait(QUICK))
    loop.submit = submit
    assert.equal(2, #specs)
    for _, spec in ipairs(specs) do assert.is_nil(spec.tag or spec.about) end
  end)

  it("is told no secret", function()
    local connect, secrets = client { token = function() return box.token, 300 end }, { box.token }
    for _, product in ipairs { "cm9k", "sandbox:malformed", "sandbox:401=1", "sandbox:500", "sandbox:failed" } do
      local order = connect:order(provider.input(product))
      local profile = order and order:wait(QUICK)
      if profile then
        secrets[#secrets + 1] = profile.matching_id
        secrets[#secrets + 1] = profile.qrcode_url
      end
      if order then assert(connect:resume(order.id)):poll() end
    end
    loop.pump()
    assert.is_true(#secrets >= 3 and #heard > 20)
    local function look(value)
      if type(value) == "table" then
        for key, inner in pairs(value) do look(key) look(inner) end
      else
        for _, secret in ipairs(secrets) do assert.is_nil(tostring(value):find(secret, 1, true), value) end
      end
    end
    look(heard)
    for _, entry in ipairs(heard) do look(line.of(entry)) end
  end)
end)

describe("a line", function()
  it("holds an entry, in quotes where it must", function()
    assert.equal([[esim what=exchange method=GET path="/a b" status=200 attempt=1 bytes_sent=12000000 total=0.0123457]]
      .. " at=1700000000.125", line.of {
        what = "exchange", method = "GET", path = "/a b", status = 200, attempt = 1, bytes_sent = 12000000,
        total = 0.01234567, at = 1700000000.125, unknown = 1,
      })
    assert.equal([[esim what=order outcome=unknown err="say \"x\" \\ y"]], line.of {
      what = "order", outcome = "unknown", err = 'say "x" \\\ny',
    })
  end)

  it("is one", function()
    local e = err.new("refused", { message = "two\nlines", correlation_id = core.uuid() })
    assert.is_nil(line.of({ what = "order", err = e, path = "a\r\nb" }):find("%c"))
  end)

  it("is a warning where something failed", function()
    for _, entry in ipairs {
      { what = "exchange", status = 404 }, { what = "exchange", fault = "cut" }, { what = "exchange", status = 302 },
      { what = "exchange", status = 200, fault = "large" }, { what = "order", outcome = "unknown" },
      { what = "order", outcome = "accepted", abandoned = true }, { what = "token", outcome = "unauthorised" },
      { what = "wait", state = "ended", outcome = "timeout" },
    } do
      assert.is_true(line.is_failed(entry), line.of(entry))
    end
    for _, entry in ipairs {
      { what = "exchange", status = 200 }, { what = "exchange", fault = "cancelled" },
      { what = "wait", state = "begun" }, { what = "wait", state = "ended", outcome = "completed" },
      { what = "order", outcome = "accepted" }, { what = "token", outcome = "fetched" },
    } do
      assert.is_false(line.is_failed(entry), line.of(entry))
    end
  end)
end)

-- The sandbox as somebody sees it who knows nothing of this module: curl on the command line.

local json = require "esim.json"
local raw = require "spec.support.raw"
local sandbox = require "esim.sandbox"
local scratch = require "spec.support.scratch"

local box

setup(function() box = raw.start { delay = 0.2, cpath = "build/luajit/?.so" } end)
teardown(function() assert(box.stop()) end)

local ask, order, id_of, finish = raw.ask, raw.order, raw.id_of, raw.finish
local run, quote, until_true, input = raw.run, raw.quote, raw.until_true, raw.input

describe("an order", function()
  it("is accepted, fulfilled, completed, with an output as documented", function()
    local status, head, body = order()
    local said = json.decode(body)
    assert.equal(200, status)
    assert.truthy(head:lower():find("content-type: application/json", 1, true))
    assert.same({ id = said.id, externalId = said.id, status = "ACCEPTED" }, said)
    local done = finish(said.id)
    assert.equal("COMPLETED", done.status)
    local out = done.output
    assert.equal("LPA:1$" .. out.smdpUrl .. "$" .. out.matchingId, out.lpa_url)
    assert.is_true(require("esim").iccid.check(out.iccid))
    assert.truthy(out.subscription_id)
    assert.equal(box.url .. "/v1/qr/" .. out.lpa_url, out.qrcode_url)
  end)

  it("to top up has an output without a code", function()
    local _, _, body = order("p", { body = input("p", { operationType = "TOPUP", countryCode = false, customer = false,
      device = { id = "1" }, esim = { iccid = "8944478600000205337" } }) })
    local out = finish(id_of(body)).output
    assert.equal("8944478600000205337", out.iccid)
    assert.same({ nil, nil, nil }, { out.matchingId, out.lpa_url, out.qrcode_url })
  end)

  it("has a picture that a reader of QR symbols reads", function()
    local out = finish(id_of(select(3, order()))).output
    local name = scratch()
    local _, status = run("curl -s -f -o " .. name .. " " .. quote(out.qrcode_url))
    assert.equal(0, status)
    assert.equal(out.lpa_url .. "\n", (run("(zbarimg -q --raw " .. name .. " 2>/dev/null)")))
    os.remove(name)
  end)
end)

describe("the sandbox refuses", function()
  local AUTH = function() return "Authorization: Bearer " .. box.token end
  local ID, TYPE = "X-Correlation-ID: x", "Content-Type: application/json"
  local HEADERS = {
    { "no token", function() return { ID, TYPE } end, 401, "UNAUTHORISED" },
    { "a wrong token", function() return { AUTH() .. "x", ID, TYPE } end, 401, "UNAUTHORISED" },
    { "another scheme", function() return { "Authorization: " .. box.token, ID, TYPE } end, 401, "UNAUTHORISED" },
    { "no correlation id", function() return { AUTH(), TYPE } end, 400, "INVALID_HTTP_MESSAGE" },
    { "another content type", function() return { AUTH(), ID, "Content-Type: text/plain" } end, 400,
      "INVALID_HTTP_MESSAGE" },
    { "no content type", function() return { AUTH(), ID, "Content-Type:" } end, 400, "INVALID_HTTP_MESSAGE" },
  }
  for _, case in ipairs(HEADERS) do
    it(case[1] .. ", at an order and at a look", function()
      for _, ask_so in ipairs { order, function(_, options) return ask("/v1/order/x", options) end } do
        local before = box.log().orders
        local status, _, body = ask_so(nil, { headers = case[2]() })
        assert.equal(case[3], status)
        assert.equal(case[4], json.decode(body).type)
        assert.is_string(json.decode(body).messages[1])
        assert.equal(before, box.log().orders)
      end
    end)
  end

  local BODIES = {
    { "no JSON", "nonsense", "INVALID_HTTP_MESSAGE" }, { "no input", "{}", "INVALID_HTTP_MESSAGE" },
    { "countryCode", { countryCode = false } }, { "countryCode", { countryCode = "PRT" } },
    { "customer.email", { customer = {} } }, { "customer.email", { customer = false } },
    { "device.id", { device = { type = "ios" } } }, { "device.id", { device = false } },
    { "device.type", { device = { id = "1" } } }, { "device.type", { device = { id = "1", type = "fridge" } } },
    { "operationType", { operationType = false } }, { "operationType", { operationType = "STEAL" } },
    { "esim.iccid", { operationType = "TOPUP" } }, { "subscriptions", { subscriptions = {} } },
    { "product_id", { subscriptions = { { price = 1, currency = "USD" } } } },
    { "price and currency", { subscriptions = { { product_id = "p", price = 1 } } } },
    { "activationDate", { subscriptions = { { product_id = "p", activationDate = "2020-01-01T00:00:00Z" } } } },
    { "activationDate", { subscriptions = { { product_id = "p", activationDate = "tomorrow" } } } },
    { "price", { subscriptions = { { product_id = "p", price = "1", currency = "USD" } } } },
  }
  for i, case in ipairs(BODIES) do
    it(("a body (%d) for %s"):format(i, case[1]), function()
      local before = box.log().orders
      local status, _, body = order("p", { body = type(case[2]) == "table" and input("p", case[2]) or case[2] })
      local said = json.decode(body)
      assert.same({ 400, case[3] or "INVALID_REQUEST_PARAMS" }, { status, said.type })
      assert.truthy(case[3] or said.messages[1]:find(case[1], 1, true), said.messages[1])
      assert.equal(before, box.log().orders)
    end)
  end

  it("what it does not know", function()
    local status, _, body = ask("/v1/order/none")
    assert.same({ 404, "ORDER_NOT_FOUND" }, { status, json.decode(body).type })
    for _, path in ipairs { "/", "/v1/orders", "/v1/order" } do assert.equal(404, (ask(path))) end
    assert.equal(404, (ask("/v1/order/none", { method = "DELETE" })))
  end)
end)

describe("its log", function()
  it("counts what was taken, by correlation id, and shows an order without the token", function()
    local before = box.log()
    for _ = 1, 2 do order("p", { id = "twice" }) end
    order("sandbox:500=1", { id = "never" })
    local log = box.log()
    assert.equal(before.orders + 2, log.orders)
    assert.equal(#before.requests + 3, #log.requests)
    assert.same({ 2, nil }, { log.by_correlation_id.twice, log.by_correlation_id.never })
    local entry = log.requests[#log.requests]
    assert.same({ "POST", "/v1/order", 500, "never" }, { entry.method, entry.path, entry.status, entry.correlation_id })
    assert.equal(input("sandbox:500=1"), entry.body)
    assert.equal("Bearer [redacted]", entry.headers.authorization)
    assert.is_nil(json.encode(log):find(box.token, 1, true))
  end)

  it("may be longer than any answer that this module takes", function()
    local esim, provider = require "esim", require "spec.support.provider"
    local long = provider.start()
    esim.run(function()
      for i = 1, 1500 do
        local options = { correlation_id = "long-" .. i }
        esim.spawn(function() assert(long.client:order(provider.input("p"), options)) end)
      end
    end)
    local log, count = long.log(), 0
    for i = 1, 1500 do count = count + log.by_correlation_id["long-" .. i] end
    assert(long.stop())
    assert.same({ 1500, 1500, 1500 }, { log.orders, #log.requests, count })
    assert.is_true(#json.encode(log.requests) > 1024 * 1024 / 2)  -- the sandbox writes longer JSON
  end)
end)

describe("two sandboxes", function()
  it("know nothing of each other", function()
    local other = assert(sandbox.start { delay = 0, token = "mine-alone", mark = "MARK" })
    local before = box.log().orders
    local status, _, body = order("p", { url = other.url, token = "mine-alone" })
    local _, _, done = ask("/v1/order/" .. id_of(body), { url = other.url, token = "mine-alone" })
    local stranger, unknown = order("p", { url = other.url }), ask("/v1/order/" .. id_of(body))
    local log = other.log()
    assert(other.stop())
    assert.same({ 200, 401, 404, 1 }, { status, stranger, unknown, log.orders })
    assert.equal(before, box.log().orders)
    assert.truthy(json.decode(done).output.matchingId:find("^MARK"))
    assert.not_equal(box.port, other.port)
  end)
end)

describe("a sandbox leaves nothing behind", function()
  -- Its folder, and its processes: nginx, its workers, the watchdog.
  local function parts_of(pid)
    local folder = assert((run("ps -o args= -p " .. pid)):match("%-p (%S+)"))
    return folder, until_true(function()
      local pids = run("echo " .. pid .. "; pgrep -P " .. pid .. "; ps -o ppid= -p " .. pid)
      return select(2, pids:gsub("%d+", "")) == 3 and pids:gsub("%s+", " ")
    end, "all three processes")
  end

  local function await_end(folder, pids)
    until_true(function()
      return select(2, run("test ! -e " .. folder .. " && ! ps -p '" .. pids .. "'")) == 0
    end, folder .. " and " .. pids .. " are gone")
  end

  it("when it is stopped", function()
    local one = assert(sandbox.start {})
    local folder, pids = parts_of(one.pid)
    assert.is_true(one.stop())
    await_end(folder, pids)
    assert.is_true(one.stop())
  end)

  it("when its owner is killed", function()
    local script = scratch()
    local file = assert(io.open(script, "w"))
    file:write [[print(assert(require("esim.sandbox").start {}).pid) io.stdout:flush() while true do io.read() end]]
    file:close()
    local pipe = assert(io.popen("echo $$; exec " .. (os.getenv "ESIM_LUA" or "lua5.4") .. " " .. script
      .. " 2>&1 </dev/null"))
    local owner, pid = pipe:read("*l"), pipe:read("*l")
    os.remove(script)
    local folder, pids = parts_of(assert(tonumber(pid), pid))
    run("kill -9 " .. owner)
    pipe:close()
    await_end(folder, pids)
  end)

  it("when its port is taken already, and says why", function()
    local one, reason = sandbox.start { port = box.port }
    assert.is_nil(one)
    assert.truthy(reason:find("in use", 1, true), reason)
  end)
end)

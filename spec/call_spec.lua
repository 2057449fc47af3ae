-- What every call does with what goes wrong: repeats what is safe, names what it was, tells no secret.

local esim = require "esim"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"
local side_by_side = require "spec.support.side_by_side"

local PRODUCT = "cm9kIiwiY2xpZW50QWRkcmVzcyI"
local EID = "89049032123451234512345678901235"

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local function requests(method)
  local count = 0
  for _, one in ipairs(box.log().requests) do
    count = count + (one.method == method and 1 or 0)
  end
  return count
end

-- What is said of a product of its own to each status, which its fault gives `times` times, and for ever without that.
local function look_at_each(statuses, times, options_of)
  local products, path_of = assert(box.client:products()), {}
  for i, status in ipairs(statuses) do
    path_of[status] = products[i].id
    box.fault { path = "/v1/product/" .. products[i].id, status = status, times = times }
  end
  local met = side_by_side(statuses, function(status)
    local client = assert(esim.client { url = box.url, token = box.token })  -- its pause is its own
    return client:product(path_of[status], options_of(status))
  end)
  box.fault()
  return met, path_of
end

local function look(options)
  options = options or {}
  options.timeout = options.timeout or 0.6
  return box.client:product(PRODUCT, options)
end

-- A provider that gives `text` to each request of `count` connections.
local function saying(text, count)
  return peer.start(function(server)
    for _ = 1, count or 1 do
      local connection = server:accept()
      server:request(connection)
      server:write(connection, text)
      server:close(connection)
    end
    return 0
  end)
end

local function client_of(server)
  return assert(esim.client { url = server.url, token = "TOKEN", timeout = 5 })
end

describe("a call that is safe to repeat", function()
  describe("and meets what passes", function()
    local PASSING = { 500, 502, 503, 504, 429, 408, 425 }
    local met, path_of

    setup(function()
      met, path_of = look_at_each(PASSING, 2, function() return { timeout = 20 } end)
    end)

    for _, status in ipairs(PASSING) do
      it(status .. ": is repeated until it works", function()
        assert.equal(path_of[status], assert((table.unpack or unpack)(met[status])).id)
      end)
    end
  end)

  describe("and meets what stays", function()
    local KINDS = {
      [400] = "refused", [403] = "unauthorised", [404] = "refused", [406] = "refused", [422] = "refused",
      [401] = "unauthorised", [429] = "throttled", [500] = "unavailable", [502] = "unavailable", [503] = "throttled",
      [504] = "unavailable",
    }
    local met

    setup(function()
      local statuses = {}
      for status in pairs(KINDS) do statuses[#statuses + 1] = status end
      met = look_at_each(statuses, nil, function(status) return { timeout = 1, correlation_id = "mine-" .. status } end)
    end)

    for status, kind in pairs(KINDS) do
      it(status .. " to its deadline is " .. kind, function()
        local got, e = met[status][1], met[status][2]
        assert.is_nil(got)
        assert.same({ kind, status, "mine-" .. status }, { e.kind, e.http, e.correlation_id })
      end)
    end
  end)

  for _, status in ipairs { 502, 503, 504 } do
    it("that meets a gateway's page with " .. status .. " says no word of it", function()
      box.fault { path = "/v1/product/*", status = status, html = true }
      local _, e = look()
      assert.equal(status, e.http)
      assert.is_nil(tostring(e):find("<", 1, true))
    end)
  end

  it("brings what the provider says", function()
    local _, e = box.client:product("none")
    assert.same({ "refused", 404, "PRODUCT_NOT_FOUND" }, { e.kind, e.http, e.type })
    assert.truthy(tostring(e):find("There is no such product", 1, true))
  end)

  it("obeys Retry-After, and says how long it asks for where that is too long", function()
    box.fault { path = "/v1/product/*", status = 429, times = 1, ["retry-after"] = 1 }
    local before = os.time()
    local client = assert(esim.client { url = box.url, token = box.token })  -- its pause is its own
    assert(client:product(PRODUCT, { timeout = 10 }))
    assert.is_true(os.time() >= before)
    box.fault { path = "/v1/product/*", status = 429, ["retry-after"] = 60 }
    local _, e = client:product(PRODUCT, { timeout = 0.2 })
    assert.equal("throttled", e.kind)
    assert.is_true(e.retry_after > 50)
  end)

  it("waits out a provider that is away", function()
    box.fault { path = "/v1/product/*", down = 0.5 }
    assert.equal(PRODUCT, assert(look { timeout = 20 }).id)
    box.fault { path = "/v1/product/*", down = 30 }
    assert.equal("unavailable", select(2, look()).kind)
    local _, e = assert(esim.client { url = "http://127.0.0.1:1", token = "t" }):product("x", { timeout = 0.2 })
    assert.equal("unavailable", e.kind)
  end)

  it("ends soon where the provider does not answer", function()
    box.fault { path = "/v1/product/*", hang = 20 }
    local before = os.time()
    assert.equal("unavailable", select(2, look { timeout = 0.5 }).kind)
    assert.is_true(os.time() - before < 5)
  end)

  for _, fault in ipairs { "html", "large", "redirect" } do
    it("that brings what is no answer (" .. fault .. ") says so", function()
      box.fault { path = "/v1/product/*", [fault] = true }
      local got, e = look()
      assert.is_nil(got)
      assert.equal("answer", e.kind)
    end)
  end

  for _, body in ipairs { "", "null", "1", '"x"', "[1", "{}", "[]", '{"id":1}', '{"id":"another"}', "\1", "\255" } do
    it(("with the body %q says what is wrong, in one line"):format(body), function()
      local got, e = client_of(saying(peer.answer("200 OK", body))):product("x", { timeout = 2 })
      assert.is_nil(got)
      assert.equal("answer", e.kind, tostring(e))
      assert.is_string(e.correlation_id)
      assert.is_nil(tostring(e):find("%c"))
    end)
  end

  it("tells no secret of a refusal", function()
    local body = [[{"type":"X","messages":["no LPA:1$rsp.example.com$AB-SECRET","TOKEN"],"matchingId":"AB-SECRET",
      "lpa_url":"LPA:1$rsp.example.com$AB-SECRET"}]]
    local _, e = client_of(saying(peer.answer("400 Bad Request", body))):sim("8944478600000205337", { timeout = 2 })
    assert.equal("refused", e.kind)
    for _, text in ipairs { tostring(e), e.messages[1], e.messages[2], e.raw.matchingId, e.raw.lpa_url } do
      assert.is_nil(text:find("SECRET", 1, true))
      assert.is_nil(text:find("TOKEN", 1, true))
    end
  end)

  it("asks for another token once after a 401", function()
    local asked = 0
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      return asked == 1 and "wrong" or box.token, 300
    end })
    assert.equal(PRODUCT, assert(client:product(PRODUCT)).id)
    assert.equal(2, asked)
  end)

  it("without a token is not sent, and says whose fault that is", function()
    local before = #box.log().requests
    local client = assert(esim.client { url = box.url, token = function() return nil, "away" end })
    local _, e = client:product(PRODUCT, { correlation_id = "c-9" })
    assert.same({ "unauthorised", "c-9" }, { e.kind, e.correlation_id })
    assert.equal(before, #box.log().requests)
  end)
end)

describe("an id that would name another thing in a path", function()
  for _, id in ipairs { ".", "..", "../x", "x/../..", "..\\x", "x/." } do
    it(("is not sent: %q"):format(id), function()
      local profile = assert(assert(box.client:order(provider.input())):wait { timeout = 20, first = 0.05 })
      local sim = assert(box.client:sim(profile.iccid))
      local before = #box.log().requests
      for _, call in ipairs {
        function() return box.client:product(id) end, function() return box.client:subscription(id) end,
        function() return box.client:sim(id, { check = false }) end,
        function() return sim:notify { type = id, url = "https://x.example.com/" } end,
        function() return sim:unnotify { type = id, url = "https://x.example.com/" } end,
      } do
        local got, e = call()
        assert.is_nil(got)
        assert.same({ "invalid", "id", "string" }, { e.kind, e.field, type(e.correlation_id) })
      end
      assert.equal(before, #box.log().requests)
    end)
  end

  for _, id in ipairs { "...", "a..b", "x/..y", "a%2e", "?", "#", "%", "\0", "\n", "/", " " } do
    it(("is one part of it, where it only looks odd: %q"):format(id), function()
      local _, e = box.client:subscription(id, { timeout = 5 })
      assert.is_number(e.http, tostring(e))
    end)
  end
end)

describe("a change that does no harm twice", function()
  it("is repeated, as a PUT with its body", function()
    local order = assert(box.client:order(provider.input()))
    local iccid = assert(order:wait { timeout = 20, first = 0.05 }).iccid
    local sim = assert(box.client:sim(iccid))
    box.fault { path = "/v1/sim/*", method = "PUT", status = 503, times = 2 }
    local before = requests "PUT"
    assert.equal(EID, assert(sim:update({ eid = EID }, { timeout = 20 })).eid)
    assert.equal(before + 3, requests "PUT")
  end)
end)

describe("a call that is not safe to repeat", function()
  local subscription

  before_each(function()
    local order = assert(box.client:order(provider.input()))
    local id = assert(order:wait { timeout = 20, first = 0.05 }).subscription_id
    subscription = assert(box.client:subscription(id))
  end)

  for _, fault in ipairs { { status = 500 }, { status = 502 }, { status = 503 }, { status = 504 }, { cut = "before" },
    { cut = "during" }, { garbled = true }, { hang = 20 } } do
    local name = next(fault) .. " " .. tostring(select(2, next(fault)))
    it("is sent once and unknown, or an answer that cannot be read, after " .. name, function()
      fault.path, fault.method = "/v1/subscription/*", "POST"
      box.fault(fault)
      local before = requests "POST"
      local got, e = subscription:activate { timeout = 1.5 }
      assert.is_nil(got)
      assert.equal(fault.cut == "during" and "answer" or "unknown", e.kind)
      assert.is_nil(e.order_id)
      box.fault()
      assert.is_true(requests "POST" - before <= 1)
    end)
  end

  it("is repeated after a 429, which refused it", function()
    box.fault { path = "/v1/subscription/*", method = "POST", status = 429, times = 1 }
    assert.equal("ACTIVE", assert(subscription:activate { timeout = 20 }).status)
  end)

  it("that never left is not_sent", function()
    local server = saying(peer.answer("200 OK", '{"id":"s-1","status":"PENDING"}'))
    local one = assert(client_of(server):subscription("s-1", { timeout = 2 }))
    server.wait()
    assert.equal("not_sent", select(2, one:activate { timeout = 1 }).kind)
  end)

  for status, kind in pairs { [400] = "refused", [403] = "unauthorised", [404] = "refused", [422] = "refused" } do
    it("that meets " .. status .. " is " .. kind, function()
      box.fault { path = "/v1/subscription/*", method = "POST", status = status }
      local _, e = subscription:activate()
      assert.same({ kind, status }, { e.kind, e.http })
    end)
  end
end)

describe("every call", function()
  local ONCE = { activate = true, notify = true }
  local NOTICE = { type = "SUBSCRIPTION_END", url = "https://x.example.com/" }
  local OTHER = { type = "USAGE_THRESHOLD", url = NOTICE.url }
  local BRIEF, PATIENT = 1, 20  -- seconds: of what is repeated until then, and of what is answered at once

  local CALLS = {
    products = function(options, client) return client:products(nil, options) end,
    product = function(options, client) return client:product(PRODUCT, options) end,
    sim = function(options, client, sim) return client:sim(sim.iccid, options) end,
    refresh = function(options, _, sim) return sim:refresh(options) end,
    update = function(options, _, sim) return sim:update({ eid = EID }, options) end,
    ["sim's subscriptions"] = function(options, _, sim) return sim:subscriptions(nil, options)() end,
    notify = function(options, _, sim) return sim:notify(OTHER, options) end,
    notifications = function(options, _, sim) return sim:notifications(options) end,
    unnotify = function(options, _, sim) return sim:unnotify(NOTICE, options) end,
    subscription = function(options, client, _, one) return client:subscription(one.id, options) end,
    ["subscription's refresh"] = function(options, _, _, one) return one:refresh(options) end,
    activate = function(options, _, _, one) return one:activate(options) end,
    subscriptions = function(options, client) return client:subscriptions({ email = "x" }, options)() end,
    reconcile = function(options, client)
      return client:reconcile(provider.input(), { after = 0, timeout = options.timeout, correlation_id = "mine" })
    end,
  }
  local NAMES = {}
  for name in pairs(CALLS) do NAMES[#NAMES + 1] = name end

  local KINDS = {
    [400] = "refused", [401] = "unauthorised", [403] = "unauthorised", [404] = "refused", [406] = "refused",
    [422] = "refused", [429] = "throttled", [500] = "unavailable", [502] = "unavailable", [503] = "throttled",
    [504] = "unavailable",
  }

  local profile

  setup(function()
    profile = assert(assert(box.client:order(provider.input())):wait { timeout = 20, first = 0.05 })
  end)

  -- What each call comes to beside the others where all meet a fault. A refused token holds all of a client: each has
  -- one of its own.
  local function meet(fault, seconds_of)
    local all = {}
    for _, name in ipairs(NAMES) do
      local client = assert(esim.client { url = box.url, token = box.token })
      all[name] = { client, assert(client:sim(profile.iccid)), assert(client:subscription(profile.subscription_id)) }
    end
    assert(all.unnotify[2]:notify(NOTICE))  -- there is something to forget
    fault.path = "*"
    box.fault(fault)
    local met = side_by_side(NAMES, function(name)
      local one = all[name]
      return CALLS[name]({ correlation_id = "mine", timeout = seconds_of(name) }, one[1], one[2], one[3])
    end)
    box.fault()
    return met
  end

  for status, kind in pairs(KINDS) do
    describe("that meets " .. status, function()
      local met

      setup(function()
        local is_final = kind == "refused" or kind == "unauthorised"
        met = meet({ status = status, html = status >= 502 or nil }, function(name)
          return (is_final or ONCE[name] and status ~= 429) and PATIENT or BRIEF
        end)
      end)

      for _, name in ipairs(NAMES) do
        it("says what it is: " .. name, function()
          local got, e = met[name][1], met[name][2]
          assert.falsy(got)
          assert.equal(ONCE[name] and status >= 500 and "unknown" or kind, e.kind)
          assert.same({ status, "mine" }, { e.http, e.correlation_id })
          assert.is_nil(tostring(e):find("[%c<]"))
        end)
      end
    end)
  end

  for _, fault in ipairs { "html", "garbled", "redirect" } do
    describe("that is answered with what is none (" .. fault .. ")", function()
      local met

      setup(function()
        met = meet({ [fault] = true }, function(name)
          return (ONCE[name] or fault ~= "garbled") and PATIENT or BRIEF
        end)
      end)

      for _, name in ipairs(NAMES) do
        it("says so: " .. name, function()
          local got, e = met[name][1], met[name][2]
          assert.falsy(got)
          local lost = ONCE[name] and "unknown" or name == "unnotify" and "refused" or "unavailable"  -- it had worked
          assert.equal(fault == "garbled" and lost or "answer", e.kind)
          assert.equal("mine", e.correlation_id)
        end)
      end
    end)
  end
end)

describe("what the provider calls by a secret", function()
  for _, secret in ipairs { "LPA:1$rsp.example.com$SECRET", "SECRET" } do
    it("is told to nobody: " .. secret, function()
      local server = peer.start(function(server)
        local connection = server:accept()
        while server:request(connection) do
          server:write(connection, peer.answer("200 OK",
            ('{"id":"%s","status":"%s","iccid":"8944478600000205337"}'):format(secret, secret)))
        end
        return 0
      end)
      local said = {}
      local client = assert(esim.client { url = server.url, token = "SECRET", timeout = 5, log = function(entry)
        for _, value in pairs(entry) do said[#said + 1] = tostring(value) end
      end })
      local order = assert(client:order(provider.input()))
      assert.equal(secret, order.id)  -- an order is not lost for that
      said[#said + 1] = tostring(order)
      said[#said + 1] = tostring(select(2, order:wait { timeout = 0.1, first = 0.05 }))
      said[#said + 1] = tostring(assert(client:subscription(secret)))
      said[#said + 1] = tostring(client:sim("8944478600000205337"))
      for _, text in ipairs(said) do
        text = text:gsub("; order SECRET", "")  -- an error names its order, whatever that is called
        assert.is_nil(text:find("SECRET", 1, true), text)
      end
    end)
  end
end)

-- Subscriptions: searched page by page, looked at, activated.

local esim = require "esim"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local function ordered(email, product_ids, fields)
  local input = provider.input(nil, fields)
  input.customer, input.subscriptions = { email = email }, {}
  for i, id in ipairs(product_ids or { "p" }) do
    input.subscriptions[i] = { product_id = id }
    for name, value in pairs(fields and fields.each or {}) do input.subscriptions[i][name] = value end
  end
  input.each = nil
  return assert(assert(box.client:order(input)):wait { timeout = 20, first = 0.05 })
end

local function ids_of(query, client)
  local list = {}
  for one, e in (client or box.client):subscriptions(query) do
    assert(one, e)
    list[#list + 1] = one.id
  end
  return list
end

describe("the search", function()
  local email = "seven@example.com"

  setup(function() ordered(email, { "a", "b", "c", "d", "e", "f", "g" }) end)

  it("finds each once, over several pages, in this order", function()
    local whole = ids_of { email = email }
    assert.equal(7, #whole)
    for size = 1, 8 do assert.same(whole, ids_of { email = email, size = size }) end
  end)

  it("asks for a page only when the loop gets there", function()
    local before = #box.log().requests
    local each = box.client:subscriptions { email = email, size = 2 }
    assert.equal(before, #box.log().requests)
    assert(each())
    assert(each())
    assert.equal(before + 1, #box.log().requests)
  end)

  it("works in tasks, many at once", function()
    local whole = ids_of { email = email }
    local jobs = {}
    for i = 1, 8 do jobs[i] = function() return ids_of { email = email, size = 2 } end end
    local results = esim.run(esim.all, jobs)
    for i = 1, 8 do assert.same(whole, results[i]) end
  end)

  it("tells a task of an error after what it found", function()
    box.fault { path = "/v1/subscription", status = 403 }
    local last, e = esim.run(function()
      local one, reason
      for found, why in box.client:subscriptions { email = email } do one, reason = found, why end
      return one, reason
    end)
    assert.is_false(last)
    assert.equal("unauthorised", e.kind)
  end)

  it("leaves the other tasks their time", function()
    box.fault { path = "/v1/subscription", hang = 0.3 }
    local turns, over = 0, false
    esim.run(function()
      esim.spawn(function()
        while not over do
          esim.sleep(0.02)
          turns = turns + 1
        end
      end)
      ids_of { email = email, size = 3 }
      over = true
    end)
    assert.is_true(turns > 10, turns)
  end)

  it("knows every filter, in either spelling", function()
    local profile = ordered("one@example.com", { "k" })
    assert.same({ profile.subscription_id }, ids_of { iccid = profile.iccid })
    assert.same({ profile.subscription_id }, ids_of { email = "one@example.com", product_id = "k" })
    assert.same({ profile.subscription_id }, ids_of { email = "one@example.com", ["product-id"] = "k" })
    assert.same({}, ids_of { email = "one@example.com", product_id = "x" })
    local now = os.time()
    assert.same({}, ids_of { email = "one@example.com", after = now + 60 })
    assert.same({}, ids_of { email = "one@example.com", before = now - 60 })
    assert.same({ profile.subscription_id }, ids_of { email = "one@example.com", after = now - 60, before = now + 60 })
    assert.same({}, ids_of { email = "one@example.com", before = "2020-04-24T15:39:02.002Z" })
  end)

  it("escapes what it asks for", function()
    local odd = "a+b&c=d e\195\169?#%@example.com"
    local profile = ordered(odd)
    assert.same({ profile.subscription_id }, ids_of { email = odd })
  end)

  it("may begin with a later page", function()
    local whole = ids_of { email = email }
    local rest = {}
    for i = 5, 7 do rest[#rest + 1] = whole[i] end
    assert.same(rest, ids_of { email = email, size = 2, page = 3 })
  end)

  it("gives false and the error of a page that cannot be had, after what it found", function()
    local found, e = 0, nil
    for one, reason in box.client:subscriptions({ email = email, size = 3 }, { timeout = 0.2 }) do
      if one then
        found = found + 1
        box.fault { path = "/v1/subscription", status = 502, html = true }
      else
        e = reason
      end
    end
    assert.same({ 3, "unavailable", 502 }, { found, e.kind, e.http })
  end)

  for _, body in ipairs { "{}", "[1]", '[{"id":1}]', "[{}]", '{"data":{}}', "null", "x" } do
    it("of a provider that answers " .. body .. " is an error, never an end", function()
      local server = peer.start(function(server)
        local connection = server:accept()
        server:request(connection)
        server:write(connection, peer.answer("200 OK", body))
        server:request(connection)
        return 0
      end)
      local client = assert(esim.client { url = server.url, token = "t" })
      local one, e = client:subscriptions { email = "x" } ()
      assert.is_false(one)
      assert.equal("answer", e.kind)
    end)
  end

  it("of a provider whose pages repeat ends", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      while server:request(connection) do
        server:write(connection, peer.answer("200 OK", '[{"id":"s"}]', "X-Next-Page: 2\r\n"))
      end
      return 0
    end)
    local last, e
    for one, reason in assert(esim.client { url = server.url, token = "t" }):subscriptions() do
      last, e = one, reason
    end
    assert.is_false(last)
    assert.equal("answer", e.kind)
  end)
end)

describe("a subscription", function()
  it("is had by its id", function()
    local profile = ordered("x@example.com")
    local one = assert(box.client:subscription(profile.subscription_id))
    assert.same({ profile.subscription_id, "ACTIVE", profile.iccid, "p" },
      { one.id, one.status, one.iccid, one.product_id })
    assert.equal(one.raw.createdDate, one.created)
    assert.equal("esim.subscription: " .. one.id .. " ACTIVE", tostring(one))
    local _, e = box.client:subscription "none"
    assert.same({ "refused", 404, "SUBSCRIPTION_NOT_FOUND" }, { e.kind, e.http, e.type })
  end)

  it("is activated", function()
    local profile = ordered("y@example.com", { "p" }, { each = { activationDate = "2090-01-01T00:00:00Z" } })
    local one = assert(box.client:subscription(profile.subscription_id))
    assert.equal("PENDING", one.status)
    assert.equal(one, assert(one:activate()))
    assert.equal("ACTIVE", one.status)
    assert.equal("ACTIVE", assert(one:refresh()).status)
  end)

  it("that was activated by a request whose answer was lost says so when it is looked at", function()
    local profile = ordered("z@example.com", { "p" }, { each = { activationDate = "2090-01-01T00:00:00Z" } })
    local one = assert(box.client:subscription(profile.subscription_id))
    box.fault { path = "/v1/subscription/*/activate", cut = "before" }
    local done, e = one:activate()
    assert.is_nil(done)
    assert.equal("unknown", e.kind)
    box.fault()
    assert.truthy(({ ACTIVE = true, PENDING = true })[assert(one:refresh()).status])
  end)
end)

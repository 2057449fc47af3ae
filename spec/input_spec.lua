-- What is refused before anything is sent, each with its field.

local esim = require "esim"
local provider = require "spec.support.provider"

local client = assert(esim.client { url = "http://127.0.0.1:1", token = "t" })

local function with(changes)
  local input = provider.input("p")
  for path, value in pairs(changes) do
    local at, last = input, nil
    for part in path:gmatch("[^.]+") do
      part = tonumber(part) or part
      if last then
        at[last] = at[last] or {}
        at = at[last]
      end
      last = part
    end
    at[last] = value ~= "nil" and value or nil
  end
  return input
end

local CASES = {
  { "operationType", { operationType = "STEAL" } },
  { "countryCode", { countryCode = "nil" } },
  { "countryCode", { countryCode = "PRT" } },
  { "customer.email", { ["customer.email"] = "nil" } },
  { "customer.countryOfResidence", { ["customer.countryOfResidence"] = "U1" } },
  { "customer", { customer = "me" } },
  { "device.type", { ["device.type"] = "nil" } },
  { "device.type", { ["device.type"] = "fridge" } },
  { "device.id", { ["device.id"] = "nil" } },
  { "device.eid", { ["device.eid"] = "89049032123451234512345678901234" } },
  { "device.eid", { ["device.eid"] = 12 } },
  { "subscriptions", { subscriptions = {} } },
  { "subscriptions", { subscriptions = "nil" } },
  { "subscriptions[1].product_id", { ["subscriptions.1.product_id"] = "" } },
  { "subscriptions[1].currency", { ["subscriptions.1.price"] = 10 } },
  { "subscriptions[1].price", { ["subscriptions.1.currency"] = "USD" } },
  { "subscriptions[1].price", { ["subscriptions.1.price"] = -1, ["subscriptions.1.currency"] = "USD" } },
  { "subscriptions[1].activationDate", { ["subscriptions.1.activationDate"] = "2001-01-01T00:00:00Z" } },
  { "subscriptions[1].activationDate", { ["subscriptions.1.activationDate"] = "2101-02-29T00:00:00Z" } },
  { "subscriptions[1].activationDate", { ["subscriptions.1.activationDate"] = "2101-01-01T00:00:00+02:00" } },
  { "subscriptions[1].activationDate", { ["subscriptions.1.activationDate"] = "tomorrow" } },
  { "esim.iccid", { operationType = "TOPUP" } },
  { "esim.iccid", { operationType = "TOPUP", ["esim.iccid"] = "8944478600000205338" } },
}

describe("an order's input", function()
  for i, case in ipairs(CASES) do
    it(i .. " is refused for " .. case[1], function()
      local order, e = client:order(with(case[2]))
      assert.is_nil(order)
      assert.equal("invalid", e.kind)
      assert.equal(case[1], e.field)
      assert.truthy(e.correlation_id)
      assert.truthy(tostring(e):find(case[1], 1, true))
    end)
  end

  it("is taken when it is right, and passes unknown fields on, unchanged", function()
    local input = with { ["subscriptions.1.activationDate"] = "2101-02-28T23:59:59Z", ["device.colour"] = "red",
      ["subscriptions.1.price"] = 10.5, ["subscriptions.1.currency"] = "USD" }
    local seen = assert(client:preview(input))
    local sent = require("esim.json").decode(seen.body).input
    assert.equal("NEW_ESIM", sent.operationType)
    assert.equal("red", sent.device.colour)
    assert.equal(10.5, sent.subscriptions[1].price)
    assert.is_nil(input.operationType)
    assert.same({}, seen.warnings)
  end)

  it("with an EID for another device than ios is warned of", function()
    local seen = assert(client:preview(with { ["device.type"] = "android",
      ["device.eid"] = "89001012012341234012345678901224" }))
    assert.truthy(seen.warnings[1]:find("device.eid", 1, true))
  end)

  it("is sent as it is when asked", function()
    assert.truthy(client:preview({}, { check = false }))
    assert.equal("not_sent", select(2, client:order({}, { check = false })).kind)
  end)

  it("is shown without the token", function()
    local seen = client:preview(with {}, { correlation_id = "mine" })
    assert.equal("Bearer [redacted]", seen.headers.Authorization)
    assert.equal("mine", seen.headers["X-Correlation-ID"])
    assert.equal("http://127.0.0.1:1/v1/order", seen.url)
  end)
end)

describe("misuse raises at the caller's line", function()
  local function raises(f, ...)
    local ok, reason = pcall(f, ...)
    assert.is_false(ok)
    assert.truthy(tostring(reason):find("input_spec.lua", 1, true), tostring(reason))
  end

  it("of a client", function()
    raises(function() esim.client(nil) end)
    raises(function() esim.client { token = "t" } end)
    raises(function() esim.client { url = "http://127.0.0.1:1" } end)
    raises(function() esim.client { url = "http://127.0.0.1:1", token = "t", verify = false } end)
    raises(function() esim.client { url = "http://127.0.0.1:1", token = "t", rate = "15" } end)
    assert.equal("invalid", select(2, esim.client { url = "http://example.com", token = "t" }).kind)
  end)

  it("of an order and a wait", function()
    raises(function() client:order("x") end)
    raises(function() client:order({}, { timeout = "1" }) end)
    for _, timeout in ipairs { -1, 0 / 0, math.huge, 1e9 } do
      raises(function() client:order({}, { timeout = timeout }) end)
    end
    -- Also where it is inherited: it would be read all the same.
    raises(function() client:order({}, setmetatable({}, { __index = { timeout = -1 } })) end)
    raises(function() client:resume(1) end)
    local order = assert(client:resume("abc"))
    raises(function() order:wait() end)
    raises(function() order:wait {} end)
    raises(function() order:wait { timeout = 1, retries = 3 } end)
    raises(function() order:wait { timeout = 1, price = 1, first = 1 } end)
    raises(function() order:wait(setmetatable({ timeout = 1 }, { __index = { price = 0 / 0 } })) end)
  end)
end)

describe("where the system has no randomness", function()
  local native, uuid = require "esim.native", nil
  setup(function()
    uuid, native.uuid = native.uuid, function() return nil, "system" end
  end)
  teardown(function() native.uuid = uuid end)

  it("what needs an identifier says that nothing was sent", function()
    for name, call in pairs {
      order = function() return client:order(with {}) end,
      resume = function() return client:resume "abc" end,
      subscription = function() return client:subscription "abc" end,
    } do
      local done, e = call()
      assert.is_nil(done, name)
      assert.equal("not_sent", e.kind, name)
    end
    assert.truthy(client:resume "esim-order 1 id=abc created=1700000000 correlation_id=mine end")
  end)
end)

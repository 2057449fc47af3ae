-- The client's further calls: what they are not given raises at the caller's line, before anything is sent.

local esim = require "esim"
local err = require "esim.err"
local provider = require "spec.support.provider"

local box, client

setup(function()
  box = provider.start { delay = 0 }
  client = box.client
end)
teardown(function() assert(box.stop()) end)

describe("what a call is not given", function()
  local WRONG = {
    { "products", function() local x = client:products(1) return x end },
    { "page", function() local x = client:products { page = {} } return x end },
    { "timeout", function() local x = client:products(nil, { timeout = "1" }) return x end },
    { "nonsense", function() local x = client:products(nil, { nonsense = 1 }) return x end },
    { "product", function() local x = client:product() return x end },
    { "product", function() local x = client:product "" return x end },
    { "product", function() local x = client:product(1) return x end },
    { "currency", function() local x = client:product("x", { currency = 1 }) return x end },
    { "sim", function() local x = client:sim() return x end },
    { "sim", function() local x = client:sim(8944478600000205337) return x end },
    { "check", function() local x = client:sim("89", { check = 1 }) return x end },
    { "subscription", function() local x = client:subscription {} return x end },
    { "mail", function() local x = client:subscriptions { mail = "x" } return x end },
    { "after", function() local x = client:subscriptions { after = "yesterday" } return x end },
    { "before", function() local x = client:subscriptions { before = -1 } return x end },
    { "before", function() local x = client:subscriptions { before = 0 / 0 } return x end },
    { "topup", function() local x = client:topup() return x end },
    { "check", function() local x = client:topup({}, { check = 1 }) return x end },
    { "reconcile", function() local x = client:reconcile() return x end },
    { "after", function() local x = client:reconcile(provider.input()) return x end },
    { "after", function() local x = client:reconcile(provider.input(), { after = "now" }) return x end },
    { "skew", function() local x = client:reconcile(provider.input(), { after = 1, skew = -1 }) return x end },
    { "nothing to look for", function() local x = client:reconcile({}, { after = 1 }) return x end },
    { "nothing to look for", function() local x = client:reconcile(err.new("unknown"), { after = 1 }) return x end },
    { "api", function() local x = esim.client { url = box.url, token = "t", api = "v3" } return x end },
    { "product_path", function()
      local x = esim.client { url = box.url, token = "t", product_path = "x" }
      return x
    end },
    { "currency_parameter", function()
      local x = esim.client { url = box.url, token = "t", currency_parameter = "a&b" }
      return x
    end },
  }
  for i, case in ipairs(WRONG) do
    it(i .. " is misuse at the caller's line, which names " .. case[1], function()
      local before = #box.log().requests
      local ok, reason = pcall(case[2])
      assert.is_false(ok)
      assert.truthy(reason:find("rest_spec.lua", 1, true), reason)
      assert.truthy(reason:find(case[1], 1, true), reason)
      assert.equal(before, #box.log().requests)
    end)
  end

  it("as a correlation id is invalid", function()
    for _, name in ipairs { "product", "subscription" } do
      local _, e = client[name](client, "x", { correlation_id = "a\nb" })
      assert.same({ "invalid", "correlation_id" }, { e.kind, e.field })
    end
  end)
end)

describe("a top-up", function()
  local function topup(fields, options)
    local given = { device = { id = "1" }, subscriptions = { { product_id = "p" } } }
    for name, value in pairs(fields) do given[name] = value end
    return client:topup(given, options)
  end

  it("is an order for a SIM that is there", function()
    local profile = assert(assert(client:order(provider.input())):wait { timeout = 20, first = 0.05 })
    local more = assert(assert(topup { esim = { iccid = profile.iccid } }):wait { timeout = 20, first = 0.05 })
    assert.equal(profile.iccid, more.iccid)
    assert.is_nil(more:code())
    local log = box.log().requests
    for i = #log, 1, -1 do
      if log[i].method == "POST" then
        assert.truthy(log[i].body:find('"operationType":"TOPUP"', 1, true))
        break
      end
    end
  end)

  it("may be spelt in the older way", function()
    assert(topup { esim = { iccid = "8944478600000205337" }, operationType = "TOPUP_ACTIVATION" })
  end)

  it("is checked as one", function()
    for field, fields in pairs {
      ["esim.iccid"] = {}, ["device.id"] = { esim = { iccid = "8944478600000205337" }, device = {} },
      operationType = { operationType = "NEW_ESIM", esim = { iccid = "8944478600000205337" } },
    } do
      local order, e = topup(fields)
      assert.is_nil(order)
      assert.same({ "invalid", field }, { e.kind, e.field })
      assert.equal("mine", select(2, topup(fields, { correlation_id = "mine" })).correlation_id)
    end
  end)

  it("leaves the caller's table as it was", function()
    local given = { device = { id = "1" }, subscriptions = { { product_id = "p" } }, esim = { iccid = "1" } }
    client:topup(given)
    assert.is_nil(given.operationType)
  end)
end)

-- v2 from end to end: the same script, the other dialect.

local esim = require "esim"
local provider = require "spec.support.provider"

local LINKS = { "links", "_links" }

for _, name in ipairs(LINKS) do
  describe("in v2, with its links under " .. name .. ",", function()
    local box, client

    setup(function()
      box = provider.start { delay = 0.05, links = name }
      client = assert(esim.client { url = box.url, token = box.token, api = "v2", timeout = 5 })
    end)
    teardown(function() assert(box.stop()) end)

    local function placed(product_id, fields)
      return assert(assert(client:order(provider.input(product_id, fields))):wait { timeout = 20, first = 0.05 })
    end

    it("an order is placed, waited for, and gives a code", function()
      local statuses = {}
      local order = assert(client:order(provider.input()))
      local profile = assert(order:wait { timeout = 20, first = 0.02, on_status = function(_, status)
        statuses[#statuses + 1] = status
      end })
      assert.equal("COMPLETED", statuses[#statuses])
      assert.same({}, profile.notes)
      assert.equal("LPA:1$rsp.truphone.com$" .. profile.matching_id, profile:code())
      assert.equal("1$rsp.truphone.com$" .. profile.matching_id, profile:code { prefix = false })
      assert.equal("rsp.truphone.com", profile.smdp)
      assert.truthy(profile.qrcode_url:find(profile.matching_id, 1, true))
      assert.truthy(profile:qr())
      for _, one in ipairs(box.log().requests) do assert.truthy(one.path:find("^/v2/"), one.path) end
    end)

    it("an order is saved and resumed", function()
      local saved = assert(client:order(provider.input())):save()
      assert.truthy(assert(client:resume(saved)):wait({ timeout = 20, first = 0.05 }):code())
    end)

    it("an order that is looked at, and one that failed", function()
      local order = assert(client:order(provider.input("sandbox:failed")))
      assert(order:poll())
      local _, e = order:wait { timeout = 20, first = 0.05 }
      assert.same({ "failed", order.id }, { e.kind, e.order_id })
    end)

    it("a code that is malformed is rebuilt", function()
      local profile = placed "sandbox:malformed"
      assert.equal("LPA:1$rsp.truphone.com$" .. profile.matching_id, profile:code())
      assert.equal(1, #profile.notes)
    end)

    it("an order is topped up", function()
      local iccid = placed().iccid
      local more = assert(client:topup {
        device = { id = "1" }, esim = { iccid = iccid }, subscriptions = { { product_id = "p" } },
      })
      local profile = assert(more:wait { timeout = 20, first = 0.05 })
      assert.equal(iccid, profile.iccid)
      assert.is_nil(profile:code())
      local count = 0
      for one, e in assert(client:sim(iccid)):subscriptions { size = 1 } do
        assert(one, e)
        count = count + 1
      end
      assert.equal(2, count)
    end)

    it("an order whose answer is lost is looked for", function()
      local order, e = client:order(provider.input("sandbox:cut", { customer = { email = "lost-" .. name } }))
      assert.is_nil(order)
      assert.equal("unknown", e.kind)
      local result
      for _ = 1, 50 do
        result = assert(client:reconcile(e))
        if result.verdict ~= "absent so far" then break end
        esim.sleep(0.1)
      end
      assert.equal("placed", result.verdict)
      assert.equal("sandbox:cut", result.subscription.product_id)
    end)

    it("subscriptions come in pages, and are activated", function()
      for _ = 1, 5 do
        local input = provider.input("p", { customer = { email = "paged" } })
        input.subscriptions[1].activationDate = "2090-01-01T00:00:00Z"
        assert(assert(client:order(input)):wait { timeout = 20, first = 0.05 })
      end
      local seen = {}
      for one, e in client:subscriptions { email = "paged", size = 2 } do
        assert(one, e)
        assert.equal("PENDING", one.status)
        seen[#seen + 1] = one
      end
      assert.equal(5, #seen)
      assert.equal("ACTIVE", assert(seen[1]:activate()).status)
      assert.equal("ACTIVE", assert(client:subscription(seen[1].id)).status)
    end)

    it("a SIM is looked at and changed", function()
      local sim = assert(client:sim(placed().iccid))
      assert.equal("Released", sim.status)
      box.sim(sim.iccid, "Installed")
      assert.equal("Installed", assert(sim:refresh()).status)
      assert(sim:notify { type = "SUBSCRIPTION_END", url = "https://x.example.com/" })
      assert.equal(1, #assert(sim:notifications()))
    end)
  end)
end

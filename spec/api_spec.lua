-- Two dialects, one meaning: what is asked for, and what is read.

local api = require "esim.api"
local esim = require "esim"
local json = require "esim.json"
local provider = require "spec.support.provider"

describe("a path", function()
  it("is that of the dialect", function()
    assert.equal("/v1/order", api.new({}):path "order")
    assert.equal("/v1/sim/89/subscriptions", api.new({ api = "v1" }):path("sim", "89", "subscriptions"))
    assert.equal("/v2/orders/x", api.new({ api = "v2" }):path("order", "x"))
    assert.equal("/v2/subscriptions/x/activate", api.new({ api = "v2" }):path("subscription", "x", "activate"))
  end)

  it("holds an opaque id as one part of it", function()
    assert.equal("/v1/product/a-_%3D%3D", api.new({}):path("product", "a-_=="))
    assert.equal("/v1/product/a%2Fb%3Fc%23d%25", api.new({}):path("product", "a/b?c#d%"))
  end)

  it("of products may be another", function()
    for _, version in ipairs { "v1", "v2" } do
      assert.equal("/v1/products/x", api.new({ api = version, product_path = "/v1/products" }):path("product", "x"))
    end
  end)
end)

describe("a query", function()
  it("names the currency as the client was told, and what is left as it was given", function()
    assert.same({ targetCurrency = "USD", region = "x" }, api.new({}):query { currency = "USD", region = "x" })
    assert.same({ currency = "USD" }, api.new({ currency_parameter = "currency" }):query { currency = "USD" })
    assert.same({ targetCurrency = "EUR" }, api.new({}):query { targetCurrency = "EUR" })
    assert.same({}, api.new({}):query(nil))
  end)

  it("names the size of a page in the dialect", function()
    assert.same({ size = 5 }, api.new({}):query { page_size = 5 })
    assert.same({ page_size = 5 }, api.new({ api = "v2" }):query { size = 5 })
  end)
end)

describe("the next page", function()
  local CASES = {
    { nil, {}, nil }, { "", {}, nil }, { "2", {}, "2" }, { "/v1/subscription?page=3&size=1", {}, "3" },
    { "a%3D", {}, "a%3D" }, { nil, { _metadata = { links = { _next = "/v2/s?page_size=1&page=4" } } }, "4" },
    { nil, { _metadata = { _links = { _next = { href = "https://x/v2/s?page=a%3D%3D" } } } }, "a==" },
    { nil, { _links = { _next = "/v2/s?page=5#x" } }, "5" }, { nil, { _metadata = "x", _links = 1 }, nil },
    { nil, { _metadata = { links = { _next = true } } }, nil }, { nil, { _links = { _next = { href = {} } } }, nil },
  }
  for i, case in ipairs(CASES) do
    it(i .. " is found in the header or the links", function()
      assert.equal(case[3], api.next_page(case[1], case[2]))
    end)
  end
end)

describe("a list", function()
  local function list(text) return api.list(json.decode(text), text) end

  it("is what is written as one, also without entries", function()
    assert.same({}, list " []")
    assert.same({ { id = "1" } }, list '[{"id":"1"}]')
    assert.same({}, list '{"data": [],"_metadata":{}}')
    assert.same({ { id = "1" } }, list '{"data":[{"id":"1"}]}')
  end)

  for _, text in ipairs { "{}", '{"data":{}}', '{"data":"x"}', '{"items":[]}', '{"x":{"data":[]}}', "[null]",
    '[null,{"id":"1"}]', '[{"id":"1"},null,{"id":"2"}]', '{"data":[null]}', '{"data":{"a":{}},"x":{"data":[]}}',
  } do
    it("is not " .. text .. ": nothing there is not the same as nothing said", function()
      assert.is_nil(list(text))
    end)
  end
end)

describe("a subscription and a SIM", function()
  it("read the same in both dialects", function()
    local at = "2020-03-19T15:51:41Z"
    local v1 = { id = "s", status = "ACTIVE", iccid = "89", product = { id = "p" }, createdDate = at }
    local v2 = { id = "s", status = "ACTIVE", sim_id = "89", product_id = "p", created_date = at }
    assert.same(api.subscription(v1), api.subscription(v2))
    assert.same("p", api.subscription(v1).product_id)
    assert.same({ iccid = "89", status = "Released" }, api.sim { id = "89", status = "Released" })
  end)

  it("read without an error whatever they hold", function()
    for _, value in ipairs { 1, true, "", { {} } } do
      local body = { id = value, status = value, iccid = value, product = value, customer = value, email = value }
      assert.is_nil(api.subscription(body).id)
      assert.is_nil(api.sim(body).status)
      assert.is_nil(api.email(body))
    end
  end)
end)

describe("a completed order's output", function()
  local V1 = { matchingId = "AB-C", iccid = "89", smdpUrl = "rsp.example.com", lpa_url = "LPA:1$rsp.example.com$AB-C" }

  it("is v1's as it is", function()
    assert.same(V1, api.output { id = "o", status = "COMPLETED", output = V1 })
  end)

  it("is gathered from where v2 has it", function()
    local code = "1$rsp.example.com$AB-C"
    local wanted = { _lpa = code, iccid = "89", matching_id = "AB-C", smdp_url = "rsp.example.com", qrcode_url = "q" }
    for _, metadata in ipairs {
      { links = { _lpa = code, _smdp = "rsp.example.com", _qrcode = "q" } },
      { _links = { _lpa = { href = code }, _smdp = { href = "rsp.example.com" }, _qrcode = { href = "q" } } },
    } do
      local body = { id = "o", iccid = "89", output = { matching_id = "AB-C" }, _metadata = metadata }
      assert.same(wanted, api.output(body))
    end
  end)

  it("is what stands nearest, and what is false stands nowhere", function()
    local body = {
      id = "o", iccid = "body", matching_id = "body", lpa_url = "body", smdp_url = false,
      output = { iccid = "output", matching_id = false, _links = { matching_id = "within", lpa_url = "within" } },
      _links = { matching_id = "links", lpa_url = "links", smdpUrl = "links" },
    }
    local found = api.output(body)
    found._links = nil
    assert.same({ iccid = "output", matching_id = "within", lpa_url = "within", smdpUrl = "links" }, found)
    body.output = nil
    assert.same({ iccid = "body", matching_id = "links", lpa_url = "links", smdpUrl = "links" }, api.output(body))
    assert.is_nil(api.output { id = "o", _links = { lpa_url = false } })
  end)

  it("takes the last of links that stand twice", function()
    local metadata = { _links = { _lpa = "second", _smdp = "second" }, links = { _lpa = "third" } }
    local found = api.output { id = "o", _links = { _lpa = "first", _smdp = "first", _qrcode = "first" },
      _metadata = metadata }
    assert.same({ _lpa = "third", smdp_url = "second", qrcode_url = "first" }, found)
  end)

  it("is none where there is nothing to install", function()
    assert.is_nil(api.output { id = "o" })
    assert.is_nil(api.output { id = "o", output = "x" })
    assert.is_nil(api.output { id = "o", _metadata = { links = { _self = "x" } } })
  end)
end)

describe("the subscriptions of a SIM", function()
  it("are where the dialect has them", function()
    assert.same({ "/v1/sim/89/subscriptions", {} }, { api.new({}):subscriptions_of("89", {}) })
    assert.same({ "/v2/subscriptions", { iccid = "89" } }, { api.new({ api = "v2" }):subscriptions_of("89", {}) })
  end)
end)

describe("an order's body", function()
  it("is written in the dialect of the client", function()
    local client = assert(esim.client { url = esim.PREPRODUCTION, token = "t", api = "v2" })
    local shown = assert(client:preview(provider.input("p", {
      customer = { email = "e", firstName = "A", countryOfResidence = "US" },
      subscriptions = { {
        product_id = "p", price = 10, currency = "USD", activationDate = "2090-01-01T00:00:00Z",
      } },
    })))
    assert.equal(esim.PREPRODUCTION .. "/v2/orders", shown.url)
    assert.same({
      operation_type = "ACTIVATION", sim_type = "ESIM", country = "PT",
      product = { id = "p", sold_price = 10, sold_currency = "USD", activation_date = "2090-01-01T00:00:00Z" },
      subscriber = {
        email = "e", first_name = "A", country_of_residence = "US", device = { id = "1", operating_system = "iOS" },
      },
    }, json.decode(shown.body))
  end)

  it("of v2 takes one product", function()
    local client = assert(esim.client { url = esim.PREPRODUCTION, token = "t", api = "v2" })
    local input = provider.input()
    input.subscriptions[2] = { product_id = "q" }
    local _, e = client:preview(input)
    assert.same({ "invalid", "subscriptions" }, { e.kind, e.field })
    assert.truthy(client:preview(provider.input()))
  end)

  it("whose parts are no tables is written all the same, where it is not checked", function()
    local client = assert(esim.client { url = esim.PREPRODUCTION, token = "t", api = "v2" })
    for _, name in ipairs { "customer", "device", "esim" } do
      assert(client:preview(provider.input("p", { [name] = 1 }), { check = false }))
    end
  end)

  it("that goes round in a circle is refused, not followed", function()
    local client = assert(esim.client { url = esim.PREPRODUCTION, token = "t", api = "v2" })
    local input = provider.input()
    input.more = input
    assert.equal("input", select(2, client:preview(input)).field)
  end)
end)

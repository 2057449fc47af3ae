-- What can be ordered: lists, pages, opaque ids, and the provider's contradictory names.

local esim = require "esim"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local function client_with(options)
  options.url, options.token = options.url or box.url, options.token or box.token
  return assert(esim.client(options))
end

describe("the products", function()
  it("are a list in the provider's own fields", function()
    local list = assert(box.client:products())
    assert.equal(12, #list)
    assert.equal("DAYS", list[1].period_unit)
    assert.is_number(list[1].pricing.EUR)
  end)

  it("come in the currency that is asked for, under either name", function()
    for _, name in ipairs { "targetCurrency", "currency" } do
      local client = client_with { currency_parameter = name }
      assert.equal(5.5, assert(client:products { currency = "USD" })[1].pricing.USD)
    end
    assert.equal(5.5, assert(box.client:products { targetCurrency = "USD" })[1].pricing.USD)
    local _, e = box.client:products { currency = "XXX" }
    assert.same({ "refused", 400, "INVALID_REQUEST_PARAMS" }, { e.kind, e.http, e.type })
  end)

  it("are all of them, however many pages they come in", function()
    assert.same(assert(box.client:products()), assert(box.client:products { size = 5 }))
    assert.equal(5, #assert(box.client:products { size = 5, page = 2 }))
    assert.same({}, assert(box.client:products { size = 5, page = 9 }))
  end)

  it("are at the path that the client names", function()
    local only = provider.start { product_path = "products" }
    local client = client_with { url = only.url, token = only.token, product_path = "/v1/products" }
    local wrong = select(2, only.client:products())
    local list = assert(client:products())
    local one = assert(client:product(list[2].id))
    assert(only.stop())
    assert.equal("refused", wrong.kind)
    assert.equal(list[2].id, one.id)
  end)

  it("of v2 are its own", function()
    local client = client_with { api = "v2" }
    local list = assert(client:products({ size = 5, currency = "USD" }))
    assert.equal(12, #list)
    assert.same({ "USD", 5.5 }, { list[1].price_currency, list[1].price })
    for _, one in ipairs(list) do assert.equal(one.id, assert(client:product(one.id)).id) end
  end)

  it("are no list where there is none: an error", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      while server:request(connection) do server:write(connection, peer.answer("200 OK", "{}")) end
      return 0
    end)
    local got, e = client_with({ url = server.url, token = "t" }):products()
    assert.is_nil(got)
    assert.equal("answer", e.kind)
  end)

  it("that cannot be had to the end are none", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      for n = 1, 3 do
        server:request(connection)
        server:write(connection, peer.answer("200 OK", '[{"id":"a"}]', n < 3 and "X-Next-Page: 2\r\n" or nil))
      end
      server:request(connection)
      return 0
    end)
    local got, e = client_with({ url = server.url, token = "t" }):products()
    assert.is_nil(got)
    assert.equal("answer", e.kind)
  end)
end)

describe("a product", function()
  it("is had by its id, whatever characters that is made of", function()
    for _, one in ipairs(assert(box.client:products())) do
      assert.same(one, assert(box.client:product(one.id)))
    end
  end)

  it("has its price in the currency that is asked for", function()
    local one = assert(box.client:products())[1]
    assert.equal(5.5, assert(box.client:product(one.id, { currency = "USD" })).pricing.USD)
  end)

  local KINDS = {  -- what a proxy may take for another path is not sent at all
    ["../order"] = "invalid", [".."] = "invalid", ["."] = "invalid", ["a/b"] = "refused", ["?x"] = "refused",
    ["a b"] = "refused", ["\r\nX: 1"] = "refused", ["\0"] = "refused",
  }
  for id, kind in pairs(KINDS) do
    it(("%q is none, and no way to anything else"):format(id), function()
      local got, e = box.client:product(id, { timeout = 10 })
      assert.is_nil(got)
      assert.equal(kind, e.kind)
    end)
  end
end)

-- The sandbox's products, and faults of calls that have no product to choose one with.

local json = require "esim.json"
local raw = require "spec.support.raw"
local sandbox = require "esim.sandbox"

local box

setup(function() box = raw.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local function get(path, options)
  local status, head, body = raw.ask(path, options)
  return status, json.decode(body), head
end

local function escaped(text)
  return (text:gsub("[^%w]", function(c) return ("%%%02X"):format(c:byte()) end))
end

describe("the catalogue", function()
  it("is a dozen products with opaque ids, at either spelling", function()
    local status, list = get "/v1/product"
    assert.same({ 200, 12 }, { status, #list })
    local ids = ""
    for _, product in ipairs(list) do
      ids = ids .. product.id
      assert.same({ "DAYS", "GB" }, { product.period_unit, product.data.unit })
      assert.same({ "number", "number" }, { type(product.period), type(product.pricing.EUR) })
    end
    for _, c in ipairs { "=", "-", "_" } do assert.truthy(ids:find(c, 1, true)) end
    assert.same(list, select(2, get "/v1/products"))
  end)

  it("gives each by its id, escaped or not", function()
    for _, product in ipairs(select(2, get "/v1/product")) do
      assert.same(product, select(2, get("/v1/product/" .. escaped(product.id))))
      assert.same(product, select(2, get("/v1/products/" .. product.id)))
    end
    local status, said = get "/v1/product/none"
    assert.same({ 404, "PRODUCT_NOT_FOUND" }, { status, said.type })
  end)

  it("has prices in the currency that is asked for", function()
    for _, name in ipairs { "targetCurrency", "currency" } do
      local _, list = get("/v1/product?" .. name .. "=USD")
      assert.is_nil(list[1].pricing.EUR)
      assert.equal(5.5, list[1].pricing.USD)
      local status, said = get("/v1/product?" .. name .. "=XXX")
      assert.same({ 400, "INVALID_REQUEST_PARAMS" }, { status, said.type })
      assert.equal(400, (get("/v1/product/" .. list[1].id .. "?" .. name .. "=XXX")))
    end
  end)

  it("comes in pages", function()
    local all, seen, page = select(2, get "/v1/product"), {}, "1"
    while page do
      local _, list, head = get("/v1/product?size=5&page=" .. page)
      for _, product in ipairs(list) do seen[#seen + 1] = product end
      assert.equal(page ~= "1" and tostring(page - 1):match("%d+") or nil, head:match("\r\nX%-Previous%-Page: (%d+)"))
      page = head:match("\r\nX%-Next%-Page: (%d+)")
    end
    assert.same(all, seen)
    assert.equal("[]", select(3, raw.ask "/v1/product?size=5&page=9"))
    for _, query in ipairs { "size=0", "size=x", "page=0", "page=1.5" } do
      assert.equal(400, (get("/v1/product?" .. query)))
    end
  end)

  it("may have one spelling only", function()
    local one = assert(sandbox.start { product_path = "products" })
    local options = { url = one.url, token = one.token }
    local got = { (get("/v1/product", options)), (get("/v1/products", options)), (get("/v1/product/x", options)) }
    assert(one.stop())
    assert.same({ 404, 200, 404 }, got)
  end)

  it("wants a token", function()
    assert.equal(401, (raw.ask("/v1/product", { token = "x" })))
  end)
end)

describe("a fault that is switched on", function()
  it("refuses as often as it was told to, and says when to come back", function()
    box.fault { path = "/v1/product", status = 503, times = 2, ["retry-after"] = 1 }
    for _ = 1, 2 do
      local status, said, head = get "/v1/product"
      assert.same({ 503, "SERVICE_UNAVAILABLE" }, { status, said.type })
      assert.truthy(head:find("\r\nRetry%-After: 1"))
    end
    assert.equal(200, (get "/v1/product"))
  end)

  it("meets its path and method alone, until it is switched off", function()
    box.fault { path = "/v1/order/*", method = "GET", status = 500 }
    assert.equal(500, (get "/v1/order/none"))
    assert.same({ 200, 200 }, { (get "/v1/product"), (raw.order()) })
    box.fault { path = "/v1/order/*", method = "GET" }
    assert.equal(404, (get "/v1/order/none"))
    box.fault { path = "/v1/order", status = 503 }
    local before = box.log().orders
    assert.equal(503, (raw.order()))
    assert.equal(before, box.log().orders)
  end)

  it("spoils the answer", function()
    local BODIES = { html = "^<!DOCTYPE", empty = "^{}$", large = '^{"id":"xxx', pieces = "^%[" }
    for name, pattern in pairs(BODIES) do
      box.fault { path = "/v1/product", [name] = true }
      local status, _, body = raw.ask "/v1/product"
      assert.equal(200, status)
      assert.truthy(body:find(pattern), name)
    end
    for _, directives in ipairs { { cut = "during" }, { garbled = true }, { hang = 30 }, { down = 5 } } do
      directives.path = "/v1/product"
      box.fault(directives)
      assert.not_equal(0, (select(4, raw.ask("/v1/product", { patience = 0.5 }))))
    end
    box.fault { path = "/v1/product", status = 502, html = true }
    local status, head = raw.ask "/v1/product"
    assert.equal(502, status)
    assert.truthy(head:find("text/html", 1, true))
  end)
end)

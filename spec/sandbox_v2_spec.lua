-- The sandbox in the words of v2, as curl sees it.

local json = require "esim.json"
local raw = require "spec.support.raw"
local sandbox = require "esim.sandbox"

local box

setup(function() box = raw.start { delay = 0, mark = "MARK" } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local PRODUCT = "kn8etk9XBX0gG7pFP5KErXvWVNN4jOERTMVMNEkX-Ak="

local function get(path, options)
  local status, _, body = raw.ask(path, options)
  return status, json.decode(body)
end

local function body_of(changes)
  local all = {
    operation_type = "ACTIVATION", sim_type = "ESIM", country = "PT",
    product = { id = PRODUCT, sold_price = 12.5, sold_currency = "EUR" },
    subscriber = { email = "e", first_name = "a", last_name = "b", country_of_residence = "PT",
      device = { operating_system = "iOS", model = "m", id = "d" } },
  }
  for key, value in pairs(changes or {}) do all[key] = value or nil end
  return assert(json.encode(all))
end

local function post(changes, from)
  from = from or {}
  return get("/v2/orders", { method = "POST", body = type(changes) == "string" and changes or body_of(changes),
    url = from.url, token = from.token })
end

local function ordered(changes, from)
  local _, said = post(changes, from)
  return raw.until_true(function()
    local _, now = get("/v2/orders/" .. said.id, from and { url = from.url, token = from.token })
    return now.status == "COMPLETED" and now
  end, "an order that is completed")
end

describe("an order of v2", function()
  it("is accepted, and completed with an output and links", function()
    local status, said = post()
    local self = box.url .. "/v2/orders/" .. said.id
    assert.equal(200, status)
    assert.truthy(said.created_date:find("^%d+%-%d%d%-%d%dT%d%d:%d%d:%d%dZ$"))
    assert.same({ id = said.id, status = "ACCEPTED", created_date = said.created_date,
      _metadata = { _links = { _self = self } } }, said)
    local done = raw.until_true(function()
      local _, now = get("/v2/orders/" .. said.id)
      return now.status == "COMPLETED" and now
    end, "an order that is completed")
    local out = done.output
    local code = "1$rsp.truphone.com$" .. out.matching_id
    assert.same({
      _lpa = code, _sim = box.url .. "/v2/sims/" .. out.iccid, _qrcode = box.url .. "/v1/qr/LPA:" .. code,
      _smdp = "rsp.truphone.com", _subscription = box.url .. "/v2/subscriptions/" .. out.subscription_id, _self = self,
    }, done._metadata.links)
    done._metadata, done.output = nil, nil
    assert.same({ id = said.id, status = "COMPLETED", created_date = said.created_date }, done)
  end)

  it("is the one that v1 shows", function()
    local done = ordered()
    local _, said = get("/v1/order/" .. done.id)
    assert.same({ done.output.iccid, done.output.matching_id }, { said.output.iccid, said.output.matchingId })
    local _, sim = get("/v1/sim/" .. done.output.iccid)
    assert.equal("LPA:" .. done._metadata.links._lpa, sim.lpa_url)
  end)

  it("tops up, without a code", function()
    local iccid = ordered().output.iccid
    local done = ordered { operation_type = "TOPUP", country = false, sim_type = false,
      subscriber = { sim = { iccid = iccid } } }
    assert.equal(iccid, done.output.iccid)
    assert.same({}, { done.output.matching_id, done._metadata.links._lpa, done._metadata.links._qrcode })
    assert.equal(2, #select(2, get("/v2/subscriptions?iccid=" .. iccid)).data)
  end)

  local WRONG = {
    { "no JSON", "x", "INVALID_HTTP_MESSAGE" }, { "v1's envelope", '{"input":' .. body_of() .. "}",
      "INVALID_HTTP_MESSAGE" }, { "operation_type", { operation_type = "STEAL" } },
    { "operation_type", { operation_type = "NEW_ESIM" } }, { "country", { country = false } },
    { "country", { country = "PRT" } }, { "subscriber.email", { subscriber = {} } },
    { "subscriber.email", { subscriber = false } }, { "subscriber.sim.iccid", { operation_type = "TOPUP" } },
    { "product.id", { product = false } }, { "product.id", { product = { { id = "p" }, { id = "q" } } } },
    { "sold_currency", { product = { id = "p", sold_price = 1 } } },
    { "sold_price", { product = { id = "p", sold_price = "1", sold_currency = "EUR" } } },
    { "activation_date", { product = { id = "p", activation_date = "2020-01-01T00:00:00Z" } } },
  }
  for i, case in ipairs(WRONG) do
    it(("is refused (%d) for %s"):format(i, case[1]), function()
      local before = box.log().orders
      local status, said = post(case[2])
      assert.same({ 400, case[3] or "INVALID_REQUEST_PARAMS" }, { status, said.type })
      assert.truthy(case[3] or said.messages[1]:find(case[1], 1, true), said.messages[1])
      assert.equal(before, box.log().orders)
    end)
  end

  it("meets the faults of its product, and those that are switched on", function()
    local function status_of(directive) return (post { product = { id = "sandbox:" .. directive } }) end
    assert.equal(503, status_of "503")
    local said = select(2, post { product = { id = "sandbox:500,at=look" } })
    assert.equal(500, (get("/v2/orders/" .. said.id)))
    said = select(2, post { product = { id = "sandbox:failed" } })
    assert.equal("FAILED", raw.until_true(function()
      local status = select(2, get("/v2/orders/" .. said.id)).status
      return status == "FAILED" and status
    end, "an order that failed"))
    assert.equal("1$%rsp", ordered({ product = { id = "sandbox:malformed" } })._metadata.links._lpa:sub(1, 6))
    for _, path in ipairs { "/v2/sims", "/v2/subscriptions", "/v2/products", "/v2/orders/x" } do
      box.fault { path = "/v2/*", status = 503, times = 1 }
      assert.same({ 503, path == "/v2/orders/x" and 404 or 200 }, { (get(path)), (get(path)) })
      assert.equal(401, (get(path, { token = "x" })))
    end
    box.fault { path = "/v2/orders", status = 429 }
    assert.equal(429, (post()))
  end)

  it("is not there", function()
    for path, kind in pairs { orders = "ORDER_NOT_FOUND", sims = "SIM_NOT_FOUND",
      subscriptions = "SUBSCRIPTION_NOT_FOUND", products = "PRODUCT_NOT_FOUND" } do
      local status, said = get("/v2/" .. path .. "/none")
      assert.same({ 404, kind }, { status, said.type })
    end
  end)
end)

describe("in v2", function()
  it("a SIM has links", function()
    local out = ordered().output
    local path = "/v2/sims/" .. out.iccid
    local _, sim = get(path)
    local code = "1$rsp.truphone.com$" .. out.matching_id
    assert.same({
      iccid = out.iccid, status = "Released", matching_id = out.matching_id, sim_type = "ESIM",
      last_modified = sim.last_modified, _metadata = { links = {
        _lpa = code, _qrcode = box.url .. "/v1/qr/LPA:" .. code, _self = box.url .. path,
        _subscriptions = box.url .. "/v2/subscriptions?iccid=" .. out.iccid,
      } },
    }, sim)
    local list = select(2, get "/v2/sims")
    assert.same(sim, list.data[#list.data])
    assert.same({ 1, 1 }, { list._metadata.page, list._metadata.page_count })
  end)

  it("a subscription has links, and is activated", function()
    local out = ordered { product = { id = PRODUCT, activation_date = "2101-02-28T12:00:00Z" } }.output
    local path = "/v2/subscriptions/" .. out.subscription_id
    local _, one = get(path)
    assert.same({
      id = out.subscription_id, name = "Prepaid data 3GB 30-Day", sim_id = out.iccid, product_id = PRODUCT,
      created_date = one.created_date, activation_date = "2101-02-28T12:00:00Z", expiry_date = "2101-03-30T12:00:00Z",
      status = "PENDING", initial_balance = 3221225472, current_balance = 3221225472, spend_balance = 0,
      balance_units = "Bytes", _metadata = { links = {
        _activate = box.url .. path .. "/activate", _sim = box.url .. "/v2/sims/" .. out.iccid, _self = box.url .. path,
        _product = box.url .. "/v2/products/" .. PRODUCT,
      } },
    }, one)
    assert.equal("ACTIVE", (select(2, get(path .. "/activate", { method = "POST" })).status))
    assert.same({ 404, 400 }, { (get("/v2/subscriptions/none/activate", { method = "POST" })),
      (get "/v2/subscriptions?after=x") })
  end)

  it("a list comes in pages with links", function()
    local ids, seen, path = {}, {}, "/v2/subscriptions?email=paged&page_size=2"
    for i = 1, 5 do ids[i] = ordered({ subscriber = { email = "paged" } }).output.subscription_id end
    local back
    while path do
      local _, list = get(path)
      for _, one in ipairs(list.data) do seen[#seen + 1] = one.id end
      assert.same({ 2, 3 }, { list._metadata.page_size, list._metadata.page_count })
      path, back = list._metadata.links._next, list._metadata.links._prev
    end
    assert.same(ids, seen)
    assert.equal(2, (select(2, get(back))._metadata.page))
    assert.same({}, (select(2, get "/v2/subscriptions?email=nobody").data))
    assert.equal(400, (get "/v2/subscriptions?page_size=0"))
  end)

  it("products have links", function()
    local _, list = get "/v2/products"
    assert.equal(12, #list.data)
    for _, one in ipairs(list.data) do
      assert.equal(box.url .. "/v2/products/" .. one.id, one._metadata.links._self)
      assert.same({ "DAYS", "GB", "EUR" }, { one.duration_unit, one.data_unit, one.price_currency })
      assert.same(one, select(2, get("/v2/products/" .. one.id)))
    end
    list = select(2, get "/v2/products?page_size=5&page=3&currency=USD")
    assert.same({ 2, "USD" }, { #list.data, list.data[1].price_currency })
    assert.truthy(list._metadata.links._prev:find("currency=USD", 1, true))
    assert.equal(400, (get "/v2/products?currency=XXX"))
  end)

  it("links have one name, where an option says so", function()
    for _, name in ipairs { "links", "_links" } do
      local one = assert(sandbox.start { delay = 0, links = name })
      local from = { url = one.url, token = one.token }
      local said, done, list = select(2, post(nil, one)), ordered(nil, one), select(2, get("/v2/sims", from))
      assert(one.stop())
      for _, each in ipairs { said, done, list, list.data[1] } do
        local names = {}
        for key in pairs(each._metadata) do
          if key:find "links" then names[#names + 1] = key end
        end
        assert.same({ name }, names)
      end
    end
  end)

  it("no code is in the log", function()
    assert.truthy(ordered().output.matching_id:find "^MARK")
    assert.is_nil(json.encode(box.log()):find("MARK", 1, true))
  end)
end)

-- The sandbox's SIMs and subscriptions, as curl sees them.

local json = require "esim.json"
local raw = require "spec.support.raw"
local sandbox = require "esim.sandbox"

local box

setup(function() box = raw.start { delay = 0, mark = "MARK" } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local EID = "89049032123451234512345678901235"

local function get(path, options)
  local status, head, body = raw.ask(path, options)
  return status, json.decode(body), head
end

-- An order that is completed: its output.
local function ordered(changes, product, from)
  from = from or box
  local body = raw.input(product, changes)
  local id = raw.id_of(select(3, raw.order(nil, { body = body, url = from.url, token = from.token })))
  return raw.until_true(function()
    return select(2, get("/v1/order/" .. id, { url = from.url, token = from.token })).output
  end, "an order that is completed")
end

local function topped_up(iccid, product)
  return ordered({ operationType = "TOPUP", countryCode = false, customer = false, esim = { iccid = iccid } }, product)
end

describe("a SIM", function()
  it("is there once its order is completed, and is released", function()
    local out = ordered { device = { id = "d", type = "ios", eid = EID } }
    local status, sim = get("/v1/sim/" .. out.iccid)
    assert.equal(200, status)
    assert.truthy(sim.last_modified:find("^%d+%-%d%d%-%d%dT%d%d:%d%d:%d%d%.%d%d%dZ$"))
    sim.last_modified = nil
    assert.same({
      iccid = out.iccid, matching_id = out.matchingId, matchingId = out.matchingId, status = "Released",
      profileStatus = "Released", eid = EID, lpa_url = out.lpa_url,
    }, sim)
    assert.is_nil(select(2, get("/v1/sim/" .. ordered().iccid)).eid)
  end)

  it("is not there before that, nor where the order failed or nobody ordered it", function()
    local slow = raw.id_of(select(3, raw.order "sandbox:slow=30"))
    assert.equal("ACCEPTED", (select(2, get("/v1/order/" .. slow)).status))
    local before = #select(2, get "/v1/subscription")
    raw.finish(raw.id_of(select(3, raw.order "sandbox:failed")))
    assert.equal(before, #select(2, get "/v1/subscription"))
    for _, path in ipairs { "", "/subscriptions" } do
      local status, said = get("/v1/sim/8944478600000205337" .. path)
      assert.same({ 404, "SIM_NOT_FOUND" }, { status, said.type })
    end
  end)

  it("moves when the script says so", function()
    local iccid = ordered().iccid
    for _, word in ipairs { "Downloaded", "Installed", "Unavailable", "Released" } do
      assert.is_true(box.sim(iccid, word))
      assert.equal(word, (select(2, get("/v1/sim/" .. iccid)).status))
    end
    for _, path in ipairs { iccid .. "?status=Lost", iccid, "none?status=Installed" } do
      assert.equal(400, (raw.ask("/sandbox/sim/" .. path, { method = "POST" })))
    end
  end)

  it("moves with time where an option says so", function()
    local one = assert(sandbox.start { delay = 0, install = 0.8 })
    local options = { url = one.url, token = one.token }
    local path, seen = "/v1/sim/" .. ordered(nil, nil, one).iccid, {}
    raw.until_true(function()
      local _, sim = get(path, options)
      if seen[#seen] ~= sim.status then seen[#seen + 1] = sim.status end
      return sim.status == "Installed"
    end, "a SIM that is installed")
    assert(one.stop())
    assert.same({ "Released", "Downloaded", "Installed" }, seen)
  end)

  it("takes an EID, and no other change", function()
    local path = "/v1/sim/" .. ordered().iccid
    local before = select(2, get(path)).last_modified
    local status, sim = get(path, { method = "PUT", body = '{"eid":"' .. EID .. '"}' })
    assert.same({ 200, EID }, { status, sim.eid })
    assert.is_true(sim.last_modified > before)
    assert.same(sim, select(2, get(path)))
    for _, body in ipairs { '{"eid":"' .. EID:gsub(".$", "6") .. '"}', '{"eid":"1"}', '{"eid":1}', "{}", "x", "[]" } do
      assert.equal(400, (get(path, { method = "PUT", body = body })), body)
    end
    assert.equal(404, (get("/v1/sim/none", { method = "PUT", body = '{"eid":"' .. EID .. '"}' })))
  end)

  it("that the sandbox did not make is there once it was topped up, without a code", function()
    topped_up "8944478600000205345"
    local status, sim = get "/v1/sim/8944478600000205345"
    assert.same({ 200, "Installed" }, { status, sim.status })
    assert.same({}, { sim.matching_id, sim.lpa_url })
  end)
end)

describe("subscriptions", function()
  it("are one for each product, in the order's order", function()
    local out = ordered { subscriptions = { { product_id = "kn8etk9XBX0gG7pFP5KErXvWVNN4jOERTMVMNEkX-Ak=" },
      { product_id = "p" } } }
    local _, list = get("/v1/sim/" .. out.iccid .. "/subscriptions")
    assert.equal(2, #list)
    local one = list[1]
    assert.equal(out.subscription_id, one.id)
    assert.not_equal(one.id, list[2].id)
    assert.same({ id = "kn8etk9XBX0gG7pFP5KErXvWVNN4jOERTMVMNEkX-Ak=", name = "Prepaid data 3GB 30-Day", period = 30,
      period_unit = "DAYS", plan_id = one.product.plan_id }, one.product)
    assert.same({ "3221225472", "0", "false", "1", out.iccid },
      { one.initialBalance, one.spentBalance, one.auto_renew, one.device_id, one.iccid })
    assert.equal("p", list[2].product.id)
    for _, each in ipairs(list) do
      assert.same(each, (select(2, get("/v1/subscription/" .. each.id))))
    end
  end)

  it("come with a top-up too", function()
    local out = ordered { customer = { email = "top" } }
    local more = topped_up(out.iccid, "q")
    local _, list = get("/v1/sim/" .. out.iccid .. "/subscriptions")
    assert.same({ 2, out.subscription_id, more.subscription_id }, { #list, list[1].id, list[2].id })
    assert.same(list, select(2, get "/v1/subscription?email=top"))
  end)

  it("are activated at once, or at the date of the order", function()
    local one = ordered { subscriptions = { { product_id = "ZHNhZGFzZGFz", activationDate = "2101-02-28T12:00:00Z" } } }
    local path = "/v1/subscription/" .. one.subscription_id
    local _, pending = get(path)
    assert.same({ "PENDING", "2101-02-28T12:00:00.000Z", "2101-03-01T12:00:00.000Z" },
      { pending.status, pending.activationDate, pending.expirationDate })
    local status, active = get(path .. "/activate", { method = "POST", body = "" })
    assert.same({ 200, "ACTIVE" }, { status, active.status })
    assert.is_true(active.activationDate < pending.activationDate)
    assert.is_true(active.activationDate >= active.createdDate)
    assert.same(active, select(2, get(path)))
    assert.same(active, select(2, get(path .. "/activate", { method = "POST" })))
    local usual = select(2, get("/v1/subscription/" .. ordered().subscription_id))
    assert.same({ "ACTIVE", usual.createdDate }, { usual.status, usual.activationDate })
  end)

  it("wait for the first usage where the order says so", function()
    local one = ordered { subscriptions = { { product_id = "p", is_first_usage_activation = true } } }
    local _, said = get("/v1/subscription/" .. one.subscription_id)
    assert.equal("PENDING_USAGE", said.status)
    assert.same({}, { said.activationDate, said.expirationDate })
  end)

  it("that are not there are not found", function()
    for _, path in ipairs { "none", "none/activate" } do
      local status, said = get("/v1/subscription/" .. path, { method = path == "none" and "GET" or "POST" })
      assert.same({ 404, "SUBSCRIPTION_NOT_FOUND" }, { status, said.type })
    end
  end)
end)

describe("a top-up", function()
  local function top_up(iccid, email, from)
    local body = raw.input("p", { operationType = "TOPUP", countryCode = false, esim = { iccid = iccid },
      customer = email and { email = email } or false })
    local status, _, said = raw.order(nil, { body = body, url = from and from.url, token = from and from.token })
    return status, json.decode(said).type
  end

  it("of a SIM that the sandbox made meets the limit of 15 subscriptions", function()
    local list = {}
    for i = 1, 14 do list[i] = { product_id = "p" } end
    local iccid = ordered({ subscriptions = list }).iccid
    assert.equal(200, (top_up(iccid)))
    assert.same({ 422, "SUBSCRIPTION_LIMIT_REACHED" }, { top_up(iccid) })
    for _ = 1, 2 do list[#list + 1] = { product_id = "p" } end
    assert.equal(422, (raw.order(nil, { body = raw.input("p", { subscriptions = list }) })))
    for _ = 1, 16 do assert.equal(200, (top_up "8944478600000205352")) end
  end)

  it("is for a customer who exists, where an option says so", function()
    local one = assert(sandbox.start { delay = 0, strict = true })
    local iccid = ordered({ customer = { email = "mine" } }, "p", one).iccid
    local got = {}
    for i, case in ipairs { { iccid }, { iccid, "mine" }, { iccid, "yours" }, { "8944478600000205337" },
      { "8944478600000205337", "mine" } } do
      got[i] = select(2, top_up(case[1], case[2], one)) or "taken"
    end
    local orders = one.log().orders
    assert(one.stop())
    assert.same({ "taken", "taken", "EMAIL_AND_ICCID_DO_NOT_MATCH", "CUSTOMER_MUST_EXIST",
      "EMAIL_AND_ICCID_DO_NOT_MATCH", 3 }, { got[1], got[2], got[3], got[4], got[5], orders })
  end)
end)

describe("the search for subscriptions", function()
  local function found(query)
    local status, list = get("/v1/subscription?" .. query)
    assert.equal(200, status)
    local ids = {}
    for i, one in ipairs(list) do ids[i] = one.id end
    return ids, list
  end

  it("finds by each of its fields, and by several", function()
    local one = ordered({ customer = { email = "a+b@example.com" } }, "find-1")
    local two = ordered({ customer = { email = "other" } }, "find-1")
    local ids = { one.subscription_id, two.subscription_id }
    assert.same({ ids[1] }, found "email=a%2Bb%40example.com")
    assert.same({}, found "email=a+b%40example.com")
    assert.same(ids, found "product-id=find-1")
    assert.same({ ids[2] }, found("iccid=" .. two.iccid))
    assert.same({ ids[2] }, found "product-id=find-1&email=other")
    assert.same({}, found("product-id=find-1&email=other&iccid=" .. one.iccid))
  end)

  it("finds by when they were created", function()
    local ids, times = {}, {}
    for i = 1, 3 do
      ids[i] = ordered({ customer = { email = "dated" } }, "p").subscription_id
      times[i] = select(2, get("/v1/subscription/" .. ids[i])).createdDate
      os.execute "sleep 0.02"
    end
    assert.same({ ids[1] }, found("email=dated&before=" .. times[2]))
    assert.same({ ids[3] }, found("email=dated&after=" .. times[2]))
    assert.same({ ids[2] }, found("email=dated&after=" .. times[1] .. "&before=" .. times[3]))
    for _, query in ipairs { "after=yesterday", "before=2020-02-30T00:00:00Z", "after=2020-01-01", "after",
      "email=a&email=b", "size=0" } do
      local status, said = get("/v1/subscription?" .. query)
      assert.same({ 400, "INVALID_REQUEST_PARAMS" }, { status, said.type })
    end
  end)

  it("comes in pages, or whole", function()
    local ids, seen, page = {}, {}, "1"
    for i = 1, 5 do ids[i] = ordered({ customer = { email = "paged" } }).subscription_id end
    assert.same(ids, found "email=paged")
    while page do
      local _, list, head = get("/v1/subscription?email=paged&size=2&page=" .. page)
      for _, one in ipairs(list) do seen[#seen + 1] = one.id end
      page = head:match("\r\nX%-Next%-Page: (%d+)")
    end
    assert.same(ids, seen)
    assert.equal("[]", select(3, raw.ask "/v1/subscription?email=nobody"))
  end)
end)

describe("these calls", function()
  local CALLS = {
    { "GET", "/v1/sim/" }, { "PUT", "/v1/sim/", '{"eid":"' .. EID .. '"}' },
    { "GET", "/v1/sim/", nil, "/subscriptions" },
    { "GET", "/v1/subscription", nil, "" }, { "GET", "/v1/subscription/" },
    { "POST", "/v1/subscription/", nil, "/activate" },
  }

  local function path_of(call, out)
    local id = call[2]:find("sim", 1, true) and out.iccid or out.subscription_id
    return call[2] .. (call[4] ~= "" and id or "") .. (call[4] or "")
  end

  it("want a token, and meet faults that are switched on", function()
    local out = ordered()
    for _, call in ipairs(CALLS) do
      local path, options = path_of(call, out), { method = call[1], body = call[3] }
      box.fault { path = path, method = call[1], status = 503, times = 1 }
      assert.equal(503, (raw.ask(path, options)), path)
      assert.equal(200, (raw.ask(path, options)), path)
      box.fault { path = path, html = true, times = 1 }
      assert.truthy(select(3, raw.ask(path, options)):find("^<!DOCTYPE"), path)
      options.token = "x"
      assert.equal(401, (raw.ask(path, options)), path)
    end
  end)

  it("leave no code in the log", function()
    local out = ordered()
    assert.truthy(select(3, raw.ask("/v1/sim/" .. out.iccid)):find(out.matchingId, 1, true))
    assert.is_nil(json.encode(box.log()):find("MARK", 1, true))
  end)
end)

-- After an answer was lost: what the search can show, and no more.

local esim = require "esim"
local json = require "esim.json"
local native = require "esim.native"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.05 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local function email_of_its_own()
  return native.uuid() .. "@example.com"
end

local function input_of(email, ...)
  local input = provider.input()
  input.customer, input.subscriptions = { email = email }, {}
  for i, id in ipairs { ... } do input.subscriptions[i] = { product_id = id } end
  return input
end

-- An order whose answer is lost: its error.
local function lost(input)
  local order, e = box.client:order(input)
  assert.is_nil(order)
  assert.equal("unknown", e.kind)
  return e
end

local function placed(input)
  return assert(assert(box.client:order(input)):wait { timeout = 20, first = 0.05 })
end

-- Its result, once it is not `absent so far` any more.
local function settled(what, options, client)
  for _ = 1, 100 do
    local result = assert((client or box.client):reconcile(what, options))
    if result.verdict ~= "absent so far" then return result end
    esim.sleep(0.1)
  end
  error("it stays absent")
end

describe("an order whose answer was lost", function()
  it("is found, by its error alone", function()
    local email = email_of_its_own()
    local e = lost(input_of(email, "sandbox:cut"))
    assert.same({ email, { "sandbox:cut" } }, { e.email, e.product_ids })
    assert.is_true(math.abs(e.sent_at - os.time()) < 10)
    local result = settled(e)
    assert.equal("placed", result.verdict)
    assert.equal("sandbox:cut", result.subscription.product_id)
    assert.equal(1, #result.subscriptions)
    assert.same({}, result.missing)
    assert.equal("Released", assert(box.client:sim(result.subscription.iccid)).status)
  end)

  it("is found by its input and when it was sent, as seconds or as a text", function()
    local input = input_of(email_of_its_own(), "sandbox:cut=during")
    local before = os.time()
    local order, e = box.client:order(input)
    assert.is_nil(order)
    assert.equal("answer", e.kind)
    for _, after in ipairs { before, os.date("!%Y-%m-%dT%H:%M:%SZ", before) } do
      assert.equal("placed", settled(input, { after = after }).verdict)
    end
    assert.equal("placed", settled(e).verdict)
  end)

  it("is found in a task", function()
    local e = lost(input_of(email_of_its_own(), "sandbox:cut"))
    assert.equal("placed", esim.run(settled, e).verdict)
  end)

  it("is absent so far while the search does not show it, and then placed", function()
    local e = lost(input_of(email_of_its_own(), "sandbox:cut,hidden=1"))
    esim.sleep(0.2)
    local result = assert(box.client:reconcile(e))
    assert.equal("absent so far", result.verdict)
    assert.same({ {}, { "sandbox:cut,hidden=1" } }, { result.subscriptions, result.missing })
    assert.is_nil(result.subscription)
    assert.equal("placed", settled(e).verdict)
  end)

  it("that never reached the provider stays absent so far", function()
    local e = lost(input_of(email_of_its_own(), "sandbox:cut=early"))
    esim.sleep(0.3)
    assert.equal("absent so far", assert(box.client:reconcile(e)).verdict)
  end)

  it("of several products is found whole", function()
    local e = lost(input_of(email_of_its_own(), "sandbox:cut", "a", "a"))
    local result = settled(e)
    assert.same({ "placed", 3 }, { result.verdict, #result.subscriptions })
  end)

  it("of which a part is there is ambiguous, and says what is missing", function()
    local email = email_of_its_own()
    placed(input_of(email, "a"))
    local result = assert(box.client:reconcile(input_of(email, "a", "b"), { after = os.time() - 60 }))
    assert.equal("ambiguous", result.verdict)
    assert.same({ "b" }, result.missing)
    assert.equal(1, #result.subscriptions)
    assert.is_nil(result.subscription)
  end)

  it("is ambiguous where the same customer ordered the same twice", function()
    local email = email_of_its_own()
    local first = placed(input_of(email, "sandbox:hang=0"))
    local e = lost(input_of(email, "sandbox:hang=0,cut"))
    e.product_ids = { "sandbox:hang=0" }
    placed(input_of(email, "sandbox:hang=0"))
    local result = settled(e)
    assert.same({ "ambiguous", 2 }, { result.verdict, #result.subscriptions })
    local known = { result.subscriptions[1].id, result.subscriptions[2].id }
    assert.truthy(known[1] == first.subscription_id or known[2] == first.subscription_id)
  end)

  it("is told from others whose subscriptions are accounted for", function()
    local email = email_of_its_own()
    local first, second = placed(input_of(email, "a")), placed(input_of(email, "a"))
    local options = { after = os.time() - 60 }
    assert.equal("ambiguous", assert(box.client:reconcile(input_of(email, "a"), options)).verdict)
    options.except = { first.subscription_id }
    local result = assert(box.client:reconcile(input_of(email, "a"), options))
    assert.same({ "placed", second.subscription_id }, { result.verdict, result.subscription.id })
    options.except[2] = second.subscription_id
    assert.equal("absent so far", assert(box.client:reconcile(input_of(email, "a"), options)).verdict)
  end)

  it("is ambiguous where all there is may be from before it was sent", function()
    local email = email_of_its_own()
    placed(input_of(email, "a"))
    local options = { after = os.time() + 30 }  -- as by a clock of ours that is ahead, or for an earlier order
    local result = assert(box.client:reconcile(input_of(email, "a"), options))
    assert.same({ "ambiguous", 1 }, { result.verdict, #result.subscriptions })
    options.skew = 0
    assert.equal("absent so far", assert(box.client:reconcile(input_of(email, "a"), options)).verdict)
  end)

  it("is not found in what came after the time that the caller names", function()
    local email = email_of_its_own()
    placed(input_of(email, "a"))
    local options = { after = os.time() - 120, before = os.time() - 60 }
    assert.equal("absent so far", assert(box.client:reconcile(input_of(email, "a"), options)).verdict)
  end)

  it("does not count what another customer ordered", function()
    placed(input_of(email_of_its_own(), "sandbox:slow=0"))
    local result = assert(box.client:reconcile(input_of(email_of_its_own(), "sandbox:slow=0"), { after = 0 }))
    assert.equal("absent so far", result.verdict)
  end)
end)

describe("a top-up whose answer was lost", function()
  it("is found by its ICCID", function()
    local iccid = placed(input_of(email_of_its_own(), "a")).iccid
    local e = select(2, box.client:topup {
      device = { id = "1" }, esim = { iccid = iccid }, subscriptions = { { product_id = "sandbox:cut" } },
    })
    assert.same({ "unknown", iccid }, { e.kind, e.iccid })
    local result = settled(e)
    assert.same({ "placed", iccid }, { result.verdict, result.subscription.iccid })
  end)
end)

describe("a search whose filters do not hold", function()
  local ICCID = "8944478600000205337"
  local SENT = 1735689600  -- 2025-01-01T00:00:00Z
  local TOPUP = { operationType = "TOPUP", esim = { iccid = ICCID }, subscriptions = { { product_id = "p" } } }

  -- A subscription of product p, or with `fields` instead.
  local function one(fields)
    local body = { id = "s", iccid = ICCID, product = { id = "p" } }
    for name, value in pairs(fields or {}) do body[name] = value or nil end
    return json.encode(body)
  end

  -- What is made of a search that shows `text`, whatever it is for.
  local function shown(text, input, options)
    local server = peer.start(function(server)
      local connection = server:accept()
      while server:request(connection) do
        server:write(connection, peer.answer("200 OK", text))
      end
      return 0
    end)
    local client = assert(esim.client { url = server.url, token = "TOKEN", timeout = 5 })
    options = options or { after = SENT }
    return client:reconcile(input or input_of("Ann@X.example", "p"), options)
  end

  local function list(...) return "[" .. table.concat({ ... }, ",") .. "]" end

  for text, verdict in pairs {
    [list(one())] = "placed",
    [list(one { email = "ann@x.example" })] = "placed",           -- as the provider writes it
    [list(one { email = "bob@x.example" })] = "absent so far",
    [list(one { createdDate = "2025-01-01T00:00:00.500Z" })] = "placed",
    [list(one { createdDate = "2024-12-31T23:59:59Z" })] = "ambiguous",
    [list(one { createdDate = "2020-01-01T00:00:00Z" })] = "ambiguous",
    [list(one { createdDate = "yesterday" })] = "placed",
    [list(one(), one())] = "placed",                              -- told twice, as pages shift
    [list(one { product = { id = "q" } })] = "ambiguous",         -- something was bought
    [list(one(), one { id = "t", product = { id = "q" } })] = "placed",
    [list(one { product = { id = "q" }, createdDate = "2020-01-01T00:00:00Z" })] = "absent so far",
    [list()] = "absent so far",
  } do
    it("makes " .. text .. " " .. verdict, function()
      local result = assert(shown(text))
      assert.equal(verdict, result.verdict)
      assert.equal(verdict == "absent so far", #result.subscriptions == 0)
    end)
  end

  it("does not take what is younger than `before` for it", function()
    local options = { after = SENT, before = SENT + 60 }
    local result = assert(shown(list(one { createdDate = "2025-01-01T00:02:00Z" }), nil, options))
    assert.equal("ambiguous", result.verdict)
  end)

  it("takes one subscription for one, where a product was ordered twice, and where none is named", function()
    assert.equal("ambiguous", assert(shown(list(one(), one()), input_of("e", "p", "p"))).verdict)
    assert.equal("ambiguous", assert(shown(list(one { product = false }), input_of("e", "p", "q"))).verdict)
  end)

  it("knows a SIM whose ICCID is padded, on either side", function()
    assert.equal("placed", assert(shown(list(one { iccid = ICCID .. "F" }), TOPUP)).verdict)
    local input = { operationType = "TOPUP", esim = { iccid = ICCID .. "F" }, subscriptions = TOPUP.subscriptions }
    assert.equal("placed", assert(shown(list(one()), input)).verdict)
    assert.equal("absent so far", assert(shown(list(one { iccid = "8944478600000205345" }), TOPUP)).verdict)
  end)

  it("takes the input of client:topup, which need not name the operation", function()
    local input = { esim = TOPUP.esim, subscriptions = TOPUP.subscriptions }
    assert.equal("placed", assert(shown(list(one()), input)).verdict)
    input.customer = { email = "e" }
    local ok, reason = pcall(shown, list(one()), input)
    assert.is_false(ok)
    assert.truthy(reason:find("operationType", 1, true), reason)
  end)

  for _, text in ipairs { "[null]", "[null," .. one() .. "]", '{"data":{"a":{"id":"x"}},"x":{"data":[]}}', "{}" } do
    it("says nothing of " .. text, function()
      local result, e = shown(text)
      assert.is_nil(result)
      assert.equal("answer", e.kind)
    end)
  end
end)

describe("a search that cannot be made", function()
  it("is an error, and no verdict", function()
    local e = lost(input_of(email_of_its_own(), "sandbox:cut"))
    for status, kind in pairs { [403] = "unauthorised", [500] = "unavailable", [400] = "refused" } do
      box.fault { path = "/v1/subscription", status = status }
      local result, why = box.client:reconcile(e, { timeout = 0.2 })
      assert.is_nil(result)
      assert.equal(kind, why.kind)
    end
    for _, fault in ipairs { "html", "empty" } do
      box.fault { path = "/v1/subscription", [fault] = true }
      local result, why = box.client:reconcile(e, { timeout = 0.2 })
      assert.is_nil(result)
      assert.equal("answer", why.kind)
    end
  end)
end)

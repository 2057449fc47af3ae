-- After an answer was lost: what the search can show, and no more.

local esim = require "esim"
local native = require "esim.native"
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

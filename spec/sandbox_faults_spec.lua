-- Each directive of the sandbox does what README.md says.

local json = require "esim.json"
local raw = require "spec.support.raw"

local box
local tried = {}

setup(function() box = raw.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)

local serial = 0

-- Order with directives and a correlation id of its own; then what raw.ask gives, and that id.
local function order(directives, options)
  for name in directives:gmatch("[%w-]+") do tried[name] = true end
  serial = serial + 1
  options = options or {}
  options.id = "fault-" .. serial
  local status, head, body, code = raw.order("sandbox:" .. directives, options)
  return status, head, body, code, options.id
end

local function look(id, options)
  return raw.ask("/v1/order/" .. id, options)
end

local function taken(id)
  return box.log().by_correlation_id[id] or 0
end

describe("a refusal", function()
  local TYPES = {
    [401] = "UNAUTHORISED", [403] = "ACCESS_DENIED", [404] = "ORDER_NOT_FOUND", [406] = "UNACCEPTABLE",
    [429] = "TOO_MANY_REQUESTS", [500] = "INTERNAL_ERROR", [502] = "BAD_GATEWAY", [503] = "SERVICE_UNAVAILABLE",
  }
  for status, kind in pairs(TYPES) do
    it(status .. "=2 meets the first two orders of a correlation id, at=look the first two looks", function()
      for _, wanted in ipairs { status, status, 200 } do
        local options = { id = "same-" .. status }
        tried[tostring(status)] = true
        local got, _, body = raw.order("sandbox:" .. status .. "=2", options)
        assert.equal(wanted, got)
        assert.equal(wanted ~= 200 and kind or nil, json.decode(body).type)
      end
      assert.equal(1, taken("same-" .. status))
      local id = raw.id_of(select(3, order(status .. "=2,at=look")))
      for _, wanted in ipairs { status, status, 200 } do
        local got, _, body = look(id)
        assert.equal(wanted, got)
        assert.equal(wanted ~= 200 and kind or nil, json.decode(body).type)
      end
    end)

    it(status .. " without a number meets all of them", function()
      for _ = 1, 3 do
        assert.equal(status, (raw.order("sandbox:" .. status, { id = "always-" .. status })))
      end
      assert.equal(0, taken("always-" .. status))
    end)
  end

  it("names when to come back, in either form", function()
    assert.truthy(select(2, order("429=1,retry-after=7")):find("\r\nRetry%-After: 7%f[^%d]"))
    assert.truthy(select(2, order("503=1,retry-after=date")):find("\r\nRetry%-After: %a+, %d+ %a+ %d+ [%d:]+ GMT"))
    assert.is_nil(select(2, order("429=1")):find("Retry-After", 1, true))
  end)
end)

describe("a cut", function()
  -- directive: curl's exit status, what is left of the answer, whether the order was taken
  local CUTS = {
    cut = { 52, "", 1 }, ["cut=before"] = { 52, "", 1 }, ["cut=early"] = { 52, "", 0 },
    ["cut=during"] = { 18, '^{"id":"[%x-]+","externalId":$', 1 }, ["cut=after"] = { 0, '"status":"ACCEPTED"}$', 1 },
  }
  for directive, case in pairs(CUTS) do
    it(directive .. " takes the order " .. case[3] .. " times", function()
      local _, _, body, code, id = order(directive)
      assert.equal(case[1], code)
      assert.truthy(body:find(case[2]), body)
      assert.equal(case[3], taken(id))
    end)
  end

  it("meets the looks instead with at=look", function()
    local id = raw.id_of(select(3, order("cut,at=look")))
    assert.equal(52, select(4, look(id)))
    id = raw.id_of(select(3, order("cut=during,at=look")))
    assert.equal(18, select(4, look(id)))
  end)
end)

describe("an answer", function()
  it("hangs", function()
    local _, _, _, code, id = order("hang=30", { patience = 0.5 })
    assert.equal(28, code)
    assert.equal(1, taken(id))
    assert.equal(200, (order("hang=0.01")))
  end)

  it("comes in pieces", function()
    local status, _, body = order("pieces")
    assert.equal(200, status)
    assert.equal("ACCEPTED", json.decode(body).status)
    local function pieces(directive)
      return select(2, select(3, order(directive, { trace = true })):gsub("<= Recv data", ""))
    end
    assert.equal(1, pieces("slow=0"))
    raw.until_true(function() return pieces("pieces") > 1 end, "pieces that the kernel did not put together")
  end)

  it("is not HTTP", function()
    local status, _, _, code, id = order("garbled")
    assert.equal(0, status)
    assert.not_equal(0, code)
    assert.equal(1, taken(id))
  end)

  for directive, case in pairs {
    html = { 200, "Content%-Type: text/html", "^<!DOCTYPE html>" },
    empty = { 200, "Content%-Type: application/json", "^{}$" }, redirect = { 302, "Location: /elsewhere", "" },
    large = { 200, "Content%-Length: " .. 2 * 1024 * 1024 + 9, '^{"id":"xxxxx' },
  } do
    it("is " .. directive .. ", to an order that is taken, or to a look", function()
      local status, head, body, _, id = order(directive)
      assert.equal(case[1], status)
      assert.truthy(head:find(case[2]), head)
      assert.truthy(body:find(case[3]))
      assert.equal(1, taken(id))
      status, head = look(raw.id_of(select(3, order(directive .. ",at=look"))))
      assert.equal(case[1], status)
      assert.truthy(head:find(case[2]), head)
    end)
  end
end)

describe("an order's end", function()
  it("is FAILED, without an output", function()
    local done = raw.finish(raw.id_of(select(3, order("failed"))))
    assert.equal("FAILED", done.status)
    assert.is_nil(done.output)
  end)

  it("comes slowly", function()
    local id = raw.id_of(select(3, order("slow=60")))
    assert.equal("ACCEPTED", json.decode(select(3, look(id))).status)
  end)

  it("has a code that is malformed, or contradicts the rest", function()
    local out = raw.finish(raw.id_of(select(3, order("malformed")))).output
    assert.equal("LPA:1$%" .. out.smdpUrl .. "$%" .. out.matchingId, out.lpa_url)
    out = raw.finish(raw.id_of(select(3, order("disagree")))).output
    assert.truthy(out.lpa_url:find("^LPA:1%$[%w.]+%$%w+$"))
    assert.is_nil(out.lpa_url:find(out.smdpUrl, 1, true))
    assert.is_nil(out.lpa_url:find(out.matchingId, 1, true))
  end)

  for directive, word in pairs { unknown = "POLISHING", fulfiling = "FULFILING" } do
    it("has " .. word .. " on the way", function()
      local id = raw.id_of(select(3, order(directive .. ",slow=2")))
      raw.until_true(function() return json.decode(select(3, look(id))).status == word end, word)
      assert.equal("COMPLETED", raw.finish(id).status)
    end)
  end
end)

describe("a subscription that is hidden", function()
  it("is shown by the search later, and by its SIM at once", function()
    local out = raw.finish(raw.id_of(select(3, order("hidden=1")))).output
    local function found(path)
      return #json.decode(select(3, raw.ask(path)))
    end
    assert.equal(0, found("/v1/subscription?iccid=" .. out.iccid))
    assert.equal(1, found("/v1/sim/" .. out.iccid .. "/subscriptions"))
    assert.equal(200, (raw.ask("/v1/subscription/" .. out.subscription_id)))
    raw.until_true(function() return found("/v1/subscription?iccid=" .. out.iccid) == 1 end, "it is shown")
  end)
end)

describe("README.md", function()
  it("lists no directive that was not tried here", function()
    local file = assert(io.open("README.md"))
    local listed = file:read("*a"):match("| directive | does |\n(.-)\n\n")
    file:close()
    local count = 0
    for cells in listed:gmatch("\n| (`.-`) |") do
      for name in cells:gmatch("`([%w-]+)") do
        count = count + 1
        assert.is_true(tried[name], name)
      end
    end
    assert.is_true(count > 20)
  end)
end)

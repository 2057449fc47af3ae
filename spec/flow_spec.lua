-- The main job over real HTTP: each fault of the sandbox, the kind of error that README.md promises, and
-- the sandbox's own count. No order is taken twice.

local esim = require "esim"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start() end)
teardown(function() assert(box.stop()) end)

local function taken(correlation_id)
  return box.log().by_correlation_id[correlation_id] or 0
end

local function order_by(client, product_id, options, fields)
  options = options or {}
  options.correlation_id = "c-" .. require("esim.native").uuid()
  local placed, e = client:order(provider.input(product_id, fields), options)
  return placed, e, options.correlation_id
end

local function order(...)
  return order_by(box.client, ...)
end

-- The pause that a Retry-After asks for is a client's own: the others need not wait for it.
local function order_apart(...)
  return order_by(assert(esim.client { url = box.url, token = box.token }), ...)
end

describe("an order", function()
  it("is placed, waited for, and gives a code", function()
    local seen = {}
    local placed, _, id = order()
    assert.truthy(placed)
    local profile = assert(placed:wait { timeout = 20, on_status = function(_, s) seen[#seen + 1] = s end })
    assert.equal("COMPLETED", placed.status)
    assert.equal("COMPLETED", seen[#seen])
    assert.equal("LPA:1$rsp.truphone.com$" .. profile.matching_id, profile:code())
    assert.equal("ACCEPTED", placed.history[1].status)
    assert.same({}, profile.notes)
    assert.equal(1, taken(id))
    assert.equal(profile, placed:wait { timeout = 1 })
  end)

  it("can be looked at once", function()
    local placed = assert(order("sandbox:slow=30"))
    assert.equal("ACCEPTED", assert(placed:poll()))
  end)

  it("that fails says so and keeps what was said", function()
    local profile, e = assert(order("sandbox:failed,slow=0.1")):wait { timeout = 20, first = 0.1 }
    assert.is_nil(profile)
    assert.equal("failed", e.kind)
    assert.equal("FAILED", e.raw.status)
  end)

  it("that is not done in time goes on, and can be waited for again", function()
    provider.slowly(function(factor)
      local placed = assert(order("sandbox:slow=" .. 1.2 * factor))
      local profile, e = placed:wait { timeout = 0.3 }
      if profile then return false end
      assert.equal("timeout", e.kind)
      assert.equal(placed.id, e.order_id)
      assert.truthy(placed:wait { timeout = 60, first = 0.1, cap = 0.2 })
      return true
    end)
  end)

  it("is resumed from a line of text, or from its id", function()
    local placed = assert(order())
    local line = placed:save()
    assert.is_nil(line:find("\n"))
    local again = assert(box.client:resume(line))
    assert.equal(placed.correlation_id, again.correlation_id)
    assert.truthy(again:wait { timeout = 20, first = 0.1 })
    assert.truthy(assert(box.client:resume(placed.id)):wait { timeout = 20, first = 0.1 })
    assert.equal("invalid", select(2, box.client:resume("esim-order 1 nonsense")).kind)
  end)

  it("to top up has no code, and the profile says so", function()
    local placed = assert(order("x", nil, { operationType = "TOPUP", esim = { iccid = "8944478600000205337" } }))
    local profile = assert(placed:wait { timeout = 20, first = 0.2 })
    assert.is_nil(profile:code())
    assert.is_nil(profile:manual())
    assert.is_nil((profile:qr()))
    assert.truthy(profile.notes[1]:find("top-up", 1, true))
  end)
end)

describe("the provider's answer", function()
  for directive, note in pairs { malformed = "malformed", disagree = "disagreed" } do
    it(directive .. " is mended, and noted", function()
      local profile = assert(assert(order("sandbox:slow=0.1," .. directive)):wait { timeout = 20, first = 0.2 })
      assert.equal("LPA:1$rsp.truphone.com$" .. profile.matching_id, profile:code())
      assert.truthy(profile.notes[1]:find(note, 1, true))
    end)
  end

  for directive, word in pairs { unknown = "POLISHING", fulfiling = "FULFILING" } do
    it("with the status " .. word .. " is not final", function()
      provider.slowly(function(factor)
        local placed = assert(order(("sandbox:slow=%g,%s"):format(0.8 * factor, directive)))
        assert.truthy(placed:wait { timeout = 60, first = 0.1, factor = 1, cap = 0.1 })
        local words = {}
        for _, entry in ipairs(placed.history) do words[entry.status] = true end
        return words[word]
      end)
    end)
  end

  it("in one-byte pieces is an answer", function()
    assert.truthy(assert(order("sandbox:pieces,slow=0.1")):wait { timeout = 20, first = 0.2 })
  end)

  for _, directive in ipairs { "html", "large", "empty", "redirect", "cut=during" } do
    it(directive .. " to an order is an error of kind answer; it is not sent again", function()
      local placed, e, id = order("sandbox:" .. directive)
      assert.is_nil(placed)
      assert.equal("answer", e.kind)
      assert.equal(id, e.correlation_id)
      assert.equal(1, taken(id))
    end)
  end

  it("that is cut keeps the id where it came", function()
    local _, e = order("sandbox:cut=during")
    assert.equal(36, #e.order_id)
  end)
end)

describe("a lost answer", function()
  for _, directive in ipairs { "cut", "cut=before", "garbled" } do
    it(directive .. " leaves the outcome unknown; it is not sent again", function()
      local placed, e, id = order("sandbox:" .. directive)
      assert.is_nil(placed)
      assert.equal("unknown", e.kind)
      assert.equal("traveller@example.com", e.email)
      assert.equal(1, taken(id))
    end)
  end

  it("on a connection that was used before is not sent again either", function()
    for _ = 1, 5 do
      assert(order())
      local _, e, id = order("sandbox:cut")
      assert.equal("unknown", e.kind)
      assert.equal(1, taken(id))
    end
  end)

  it("by a time-out is unknown", function()
    local hasty = assert(esim.client { url = box.url, token = box.token, timeout = 2 })
    local _, e = hasty:order(provider.input("sandbox:hang=30"), { correlation_id = "late" })
    assert.equal("unknown", e.kind)
    assert.equal(1, taken("late"))
  end)

  it("of an order that was not taken is unknown too, and it is not sent again", function()
    assert(order())
    local _, e, id = order("sandbox:cut=early")
    assert.equal("unknown", e.kind)
    assert.equal(0, taken(id))
  end)

  it("after a cut that took the whole answer is no loss", function()
    -- A sandbox of its own: no other order is to meet a connection that is just ending, and clients share them.
    local other = provider.start()
    local placed, e = other.client:order(provider.input("sandbox:cut=after"))
    assert(other.stop())
    assert.truthy(placed, tostring(e))
  end)
end)

describe("a refusal", function()
  for _, retry in ipairs { "", ",retry-after=1", ",retry-after=date" } do
    it("429" .. retry .. " is waited out, the order is taken once", function()
      local placed, e, id = order_apart("sandbox:429=2" .. retry, { timeout = 60 })
      assert.truthy(placed, tostring(e))
      assert.equal(1, taken(id))
    end)
  end

  it("429 until the deadline is throttled", function()
    local _, e, id = order_apart("sandbox:429=99,retry-after=7", { timeout = 6 })
    assert.equal("throttled", e.kind)
    assert.equal(429, e.http)
    assert.is_true(e.retry_after > 5)
    assert.equal(0, taken(id))
  end)

  it("429 that passes just before the deadline is not met with an order that has no time for its answer", function()
    local _, e, id = order_apart("sandbox:429=1,retry-after=11", { timeout = 12 })
    assert.equal("throttled", e.kind)
    assert.equal(0, taken(id))
  end)

  for status, kind in pairs { [500] = "unknown", [502] = "unknown", [503] = "unknown", [403] = "unauthorised",
    [406] = "refused" } do
    it(status .. " to an order is " .. kind, function()
      box.log()
      local client = assert(esim.client { url = box.url, token = box.token })
      local _, e = client:order(provider.input("sandbox:" .. status .. "=1"))
      assert.equal(kind, e.kind)
      assert.equal(status, e.http)
    end)
  end

  it("401 is met with a new token once, where there is one", function()
    local asked = 0
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      return box.token, 300
    end })
    assert.truthy(client:order(provider.input("sandbox:401=1")))
    assert.equal(2, asked)
    local _, e = client:order(provider.input("sandbox:401=5"))
    assert.equal("unauthorised", e.kind)
    assert.equal(3, asked)
  end)

  it("401 with a fixed token is unauthorised, and the next order goes out", function()
    local client = assert(esim.client { url = box.url, token = box.token })
    assert.equal("unauthorised", select(2, client:order(provider.input("sandbox:401=1"))).kind)
    assert.truthy(client:order(provider.input()))
  end)

  it("of the provider's own checks is told", function()
    local _, e = box.client:order({ countryCode = "PT" }, { check = false })
    assert.equal("refused", e.kind)
    assert.equal("INVALID_REQUEST_PARAMS", e.type)
    assert.truthy(tostring(e):find("device.id", 1, true))
  end)
end)

describe("a look", function()
  for _, fault in ipairs { "500=2", "503=1,retry-after=1", "429=1", "404=1", "garbled", "cut" } do
    local passes = fault:find("=%d")
    it("that meets " .. fault .. (passes and " waits it out" or " waits until its deadline"), function()
      local placed = assert(order("sandbox:at=look,slow=0.1," .. fault))
      local profile, e = placed:wait { timeout = passes and 60 or 1.5, first = 0.1 }
      if passes then
        assert.truthy(profile)
      else
        assert.equal("unavailable", e.kind)
        assert.equal(placed.id, e.order_id)
      end
    end)
  end

  it("that meets a body too large ends the wait", function()
    local _, e = assert(order("sandbox:at=look,large")):wait { timeout = 20, first = 0.1 }
    assert.equal("answer", e.kind)
  end)

  it("has its time-out, also while the provider asked to wait", function()
    local slow = assert(order "sandbox:hang=30,at=look")
    local status, e = slow:poll { timeout = 0.2 }
    assert.is_nil(status)
    assert.equal("unavailable", e.kind)
    local other = assert(esim.client { url = box.url, token = box.token })  -- its pause is its own
    local paused = assert(other:order(provider.input "sandbox:503=9,retry-after=60,at=look"))
    assert.equal("throttled", select(2, paused:poll()).kind)
    local began = os.time()
    status, e = paused:poll { timeout = 0.2 }
    assert.is_nil(status)
    assert.equal("throttled", e.kind)
    assert.is_true(os.time() - began <= 30)
    assert.has_error(function() slow:poll { timeout = "1" } end)
  end)

  it("at an order that is not there is refused when it is old", function()
    local old = assert(box.client:resume("esim-order 1 id=nothing created=1000000000 end"))
    local _, e = old:wait { timeout = 20 }
    assert.equal("refused", e.kind)
    assert.equal("ORDER_NOT_FOUND", e.type)
  end)

  it("with a token that expires gets a new one", function()
    local asked = 0
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      return asked == 2 and "wrong" or box.token, 300
    end })
    local placed = assert(client:order(provider.input("sandbox:401=1,at=look,slow=0.1")))
    local profile, e = placed:wait { timeout = 20, first = 0.1 }
    assert.is_nil(profile)
    assert.equal("unauthorised", e.kind)
    assert.truthy(assert(client:resume(placed.id)):wait { timeout = 20, first = 0.1 })
    assert.equal(3, asked)
  end)
end)

describe("not sent", function()
  it("is said when nobody listens or no name resolves", function()
    for _, url in ipairs { "http://127.0.0.1:1", "https://nowhere.invalid" } do
      local client = assert(esim.client { url = url, token = "t" })
      local _, e = client:order(provider.input())
      assert.equal("not_sent", e.kind)
    end
  end)

  it("is said when TLS cannot be trusted, and with the right CA it works", function()
    local tls = provider.start { tls = true, delay = 0.1 }
    local stranger = assert(esim.client { url = tls.url, token = tls.token })
    local _, e = stranger:order(provider.input())
    local placed = tls.client:order(provider.input())
    local profile = placed and placed:wait { timeout = 20, first = 0.1 }
    assert(tls.stop())
    assert.equal("not_sent", e.kind)
    assert.truthy(profile:code())
  end)
end)

describe("a secret", function()
  it("stands in no error and under no tostring", function()
    local texts = { tostring(box.client) }
    local placed = assert(order("sandbox:slow=0.1"))
    local profile = assert(placed:wait { timeout = 20, first = 0.1 })
    local secrets = { box.token, profile.matching_id, profile:code(), profile.qrcode_url }
    texts[#texts + 1] = tostring(placed) .. tostring(profile) .. placed:save() .. tostring(profile:qr())
    for _, directive in ipairs { "html", "cut", "401=9", "500=1", "failed,slow=0.1" } do
      local one, e = order("sandbox:" .. directive)
      if one then
        e = select(2, one:wait { timeout = 20, first = 0.1 })
      end
      texts[#texts + 1] = tostring(e)
      for key, value in pairs(e) do texts[#texts + 1] = key .. tostring(value) end
    end
    for key, value in pairs(box.client) do texts[#texts + 1] = tostring(key) .. tostring(value) end
    local all = table.concat(texts, "\n")
    assert.is_true(#all > 200)
    for _, secret in ipairs(secrets) do
      assert.is_nil(all:find(secret, 1, true))
    end
  end)

  it("stands in no answer that an error keeps", function()
    local err = require "esim.err"
    local raw = err.scrub {
      output = { matchingId = "SECRET", lpa_url = "LPA:1$a.b$SECRET", note = "see LPA:1$a.b$SECRET" },
    }
    local all = raw.output.matchingId .. raw.output.lpa_url .. raw.output.note
    assert.is_nil(all:find("SECRET", 1, true))
  end)
end)

describe("tasks", function()
  it("order and wait side by side", function()
    local started = esim.run(function()
      local jobs = {}
      for i = 1, 50 do
        jobs[i] = function()
          local placed = assert(box.client:order(provider.input("sandbox:slow=0.5")))
          return assert(placed:wait { timeout = 60 }):code()
        end
      end
      return esim.all(jobs)
    end)
    assert.equal(50, #started)
  end)

  it("cancel each other's waits; the order lives on", function()
    esim.run(function()
      local placed = assert(box.client:order(provider.input("sandbox:slow=0.6")))
      local waiting = esim.spawn(function() return placed:wait { timeout = 60, first = 30, cap = 30 } end)
      esim.sleep(0.1)
      placed:cancel()
      local profile, e = waiting:join()
      assert.is_nil(profile)
      assert.equal("cancelled", e.kind)
      assert.truthy(placed:wait { timeout = 20, first = 0.1 })
    end)
  end)

  it("get what on_status raises", function()
    local placed = assert(order("sandbox:slow=0.2"))
    local ok, reason = pcall(placed.wait, placed, {
      timeout = 20, first = 0.1, on_status = function() error("mine", 0) end,
    })
    assert.is_false(ok)
    assert.equal("mine", reason)
  end)
end)

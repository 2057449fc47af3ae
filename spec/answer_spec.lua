-- What an exchange means, for each way in which it can end. README.md, "Errors".

local answer = require "esim.answer"
local native = require "esim.native"

-- What a status means for an order and for a look; a 2xx that came whole is none of these.
local STATUSES = {
  [200] = { "answer", "answer" }, [201] = { "answer", "answer" }, [302] = { "answer", "answer" },
  [400] = { "refused", "refused" }, [401] = { "unauthorised", "unauthorised" },
  [403] = { "unauthorised", "unauthorised" }, [404] = { "refused", "refused" }, [406] = { "refused", "refused" },
  [408] = { "unknown", "unavailable" }, [409] = { "refused", "refused" }, [422] = { "refused", "refused" },
  [425] = { "unknown", "unavailable" }, [429] = { "throttled", "throttled" }, [500] = { "unknown", "unavailable" },
  [502] = { "unknown", "unavailable" }, [503] = { "unknown", "throttled" }, [504] = { "unknown", "unavailable" },
}
local MALFORMED = { url = "url", header = "correlation_id", oversize = "input" }  -- the field that is to blame

local function kind_of(fault, got, is_order)
  local e = answer.error(fault, got, { is_order = is_order, correlation_id = "c-1", email = "e-1" })
  assert.equal("c-1", e.correlation_id)
  assert.equal("e-1", e.email)
  assert.equal(got.http, e.http)
  return e.kind, e
end

describe("a status without a fault", function()
  for http, kinds in pairs(STATUSES) do
    if http >= 300 then
      it(http .. " is " .. kinds[1] .. " for an order, " .. kinds[2] .. " for a look", function()
        assert.equal(kinds[1], (kind_of(nil, { http = http, sent = true }, true)))
        assert.equal(kinds[2], (kind_of(nil, { http = http, sent = true }, false)))
      end)
    else
      it(http .. " is no error", function()
        assert.is_nil(answer.error(nil, { http = http, sent = true }, { is_order = true }))
        assert.is_nil(answer.error(nil, { http = http, sent = true }, {}))
      end)
    end
  end
end)

describe("an order that ends with the fault", function()
  for fault in pairs(native.faults) do
    local wrong = MALFORMED[fault]

    it(fault .. (wrong and " is invalid" or " is not_sent when nothing was sent, else unknown"), function()
      local kind, e = kind_of(fault, { sent = false }, true)
      assert.equal(wrong and "invalid" or "not_sent", kind)
      assert.equal(wrong, e.field)
      kind = kind_of(fault, { sent = true }, true)
      assert.equal(wrong and "invalid" or "unknown", kind)
    end)

    it(fault .. " after a status goes by the status", function()
      for http, kinds in pairs(STATUSES) do
        local kind = kind_of(fault, { sent = true, http = http }, true)
        assert.equal(wrong and "invalid" or kinds[1], kind, http)
        assert.not_equal("not_sent", kind)
      end
    end)
  end
end)

describe("what came back because its token ends, and is not sent again because who asked is gone", function()
  it("is not_sent for an order, cancelled for a look", function()
    assert.equal("not_sent", (kind_of(nil, { stale = true, serial = 1, sent = false }, true)))
    assert.equal("cancelled", (kind_of(nil, { stale = true, serial = 1, sent = false }, false)))
  end)
end)

describe("a look that ends with the fault", function()
  local KINDS = {
    cancelled = "cancelled", large = "answer", url = "invalid", header = "invalid", oversize = "invalid",
  }
  for fault in pairs(native.faults) do
    if fault ~= "deadline" then
      local kind = KINDS[fault] or "unavailable"
      it(fault .. " is " .. kind .. ", whatever status came", function()
        for _, sent in ipairs { true, false } do
          assert.equal(kind, (kind_of(fault, { sent = sent }, false)))
          for http in pairs(STATUSES) do
            assert.equal(kind, (kind_of(fault, { sent = sent, http = http }, false)))
          end
        end
      end)
    end
  end

  it("deadline is timeout, or what the last look met", function()
    assert.equal("timeout", (kind_of("deadline", { sent = true }, false)))
    assert.equal("unavailable", (kind_of("deadline", { sent = true, last = "cut" }, false)))
    for http, kinds in pairs(STATUSES) do
      assert.equal(kinds[2], (kind_of("deadline", { sent = true, http = http }, false)))
    end
  end)
end)

describe("a body about an order", function()
  local whole = '{"id":"o-1","externalId":"o-1","status":"ACCEPTED"}'
  local function read(body, order_id, kind)
    return answer.order({ http = 200, body = body, type = kind },
      { correlation_id = "c-1", order_id = order_id, email = "e-1", secrets = { "TOKEN" } })
  end

  it("is taken, with every field that nobody knows", function()
    local body = assert(read('{"id":"o-1","status":"NEW WORD","_links":{"self":"x"},"n":[1,{"a":null}],"output":null}'))
    assert.same({ id = "o-1", status = "NEW WORD", _links = { self = "x" }, n = { 1, {} } }, body)
    assert.equal("o=_-1", assert(read('{"id":"o=_-1"}', "o=_-1")).id)
  end)

  -- what came, the order's id that the error is to hold
  local CASES = {
    ["cut"] = { whole:sub(1, 30), "o-1" }, ["cut inside the id"] = { whole:sub(1, 9), nil },
    ["not JSON"] = { "order o-1 is accepted", nil }, ["HTML"] = { "<!DOCTYPE html><p>ok</p>", nil },
    ["missing"] = { nil, nil }, ["empty"] = { "", nil }, ["{}"] = { "{}", nil }, ["null"] = { "null", nil },
    ["a text"] = { '"o-1"', nil }, ["a number"] = { "1", nil }, ["a list"] = { '["o-1"]', nil },
    ["without id"] = { '{"status":"ACCEPTED"}', nil }, ["with an empty id"] = { '{"id":"","status":"A"}', nil },
    ["with a number as id"] = { '{"id":1}', nil }, ["with a line end in the id"] = { '{"id":"a\\nb"}', nil },
    ["with a NUL in the id"] = { '{"id":"a\\u0000b"}', nil },
    ["with a status that is no text"] = { '{"id":"o-1","status":7}', "o-1" },
    ["with an odd id and a status that is no text"] = { '{"id":"a/b+c~d:e","status":{}}', "a/b+c~d:e" },
    ["with an id that is a secret"] = { '{"id":"xTOKENx","status":7}', nil },
    ["with an odd id, cut"] = { '{"id" : "a/b+c~d:e","sta', "a/b+c~d:e" },
  }
  for name, case in pairs(CASES) do
    it(name .. " is an error of kind answer, which keeps what is known", function()
      local body, e = read(case[1], nil, "text/plain")
      assert.is_nil(body)
      assert.equal("answer", e.kind)
      assert.equal(case[2], e.order_id)
      assert.equal("c-1", e.correlation_id)
      assert.equal("e-1", e.email)
      assert.equal(200, e.http)
    end)

    it(name .. " keeps the id of the order that was asked for", function()
      assert.equal("o-9", select(2, read(case[1], "o-9")).order_id)
    end)
  end

  it("about another order is an error about ours", function()
    local body, e = read(whole, "o-2")
    assert.is_nil(body)
    assert.equal("o-2", e.order_id)
    assert.truthy(tostring(e):find("another order", 1, true))
  end)

  it("that is too large, cut or redirected keeps the id where it came", function()
    for _, got in ipairs {
      { "large", { http = 200, sent = true, body = whole } },
      { "cut", { http = 200, sent = true, body = whole:sub(1, 30) } },
      { "late", { http = 201, sent = true, body = whole:sub(1, 13) } },
      { nil, { http = 302, sent = true, body = whole } },
    } do
      local e = answer.error(got[1], got[2], { is_order = true, correlation_id = "c-1" })
      assert.equal("answer", e.kind)
      assert.equal("o-1", e.order_id)
      assert.equal(got[2].http, e.http)
    end
  end)
end)

describe("an error", function()
  local function of(body, fields)
    local got = { http = 422, sent = true, body = body }
    for key, value in pairs(fields or {}) do got[key] = value end
    return answer.error(nil, got, { secrets = { "TOKEN" }, order_id = "o-1" })
  end

  it("holds what the provider said, and when to come back", function()
    local e = of('{"type":"PRODUCT_NOT_FOUND","messages":["one","two"],"more":{"x":1}}', { retry_after = 7 })
    assert.equal("PRODUCT_NOT_FOUND", e.type)
    assert.same({ "one", "two" }, e.messages)
    assert.equal(1, e.raw.more.x)
    assert.equal(7, e.retry_after)
    assert.equal("o-1", e.order_id)
  end)

  it("takes messages of any form", function()
    assert.same({ "one" }, of('{"messages":"one"}').messages)
    assert.same({ "one" }, of('{"messages":[1,{"a":2},"one",true]}').messages)
    assert.same({}, of('{"type":1}').messages)
    assert.is_nil(of('{"type":1}').type)
    assert.is_nil(of("<html>").messages)
  end)

  it("has no secret in its type, messages, body, Content-Type or cause", function()
    local e = of('{"type":"TOKEN","messages":["TOKEN AB-12345"],"raw":"TOKEN","output":{"matchingId":"AB-12345"}}')
    local _, typed = answer.order({ http = 200, body = "", type = "TOKEN" }, { secrets = { "TOKEN" } })
    local cut = answer.error("cut", { sent = true, detail = "said TOKEN" }, { secrets = { "TOKEN" } })
    local said = e .. typed .. cut .. e.type .. e.messages[1] .. e.raw.raw .. e.raw.output.matchingId
    assert.is_nil(said:find("TOKEN", 1, true), said)
    assert.is_nil(said:find("AB-12345", 1, true), said)
  end)
end)

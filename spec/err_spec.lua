-- Errors read as one sentence, and hold no secret whatever the provider wrote.

local err = require "esim.err"

local TOKEN = "ey%J+h.b(G)[c]^i$-?*"  -- every character that a pattern knows
local ID = "AB-CDEFG-HIJKLM"
local CODE = "LPA:1$rsp.example.com$" .. ID

local function encoded(text)
  return (text:gsub("[^%w.-]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local NASTY = {
  CODE, CODE:lower(), CODE:gsub("LPA", "LpA"), CODE:sub(5), CODE .. "$1.3.6$1",
  "the code (" .. CODE .. ") is taken", 'code="' .. CODE .. '"', "<b>" .. CODE .. "</b>", "a," .. CODE .. ",b",
  CODE .. CODE, CODE .. "\n" .. CODE:sub(5), "eSIM" .. CODE:sub(5), "LPA: " .. CODE:sub(5),
  "https://qr.example.com/v1/" .. CODE, "https://qr.example.com/v1/" .. encoded(CODE),
  "carddata=" .. encoded(CODE), encoded(CODE):lower(), encoded(encoded(CODE)), encoded(CODE:sub(5)),
  "LPA:1$%rsp.example.com$%" .. ID, "1$%rsp.example.com$%" .. ID, "lpa%3a1%24a_b%24" .. ID,
  encoded(encoded(CODE:sub(5))), "x=" .. encoded(CODE:sub(5)) .. "&y=1",
  "token " .. TOKEN, TOKEN .. TOKEN, "Bearer " .. TOKEN, "bearer  other", "Authorization: BEARER other",
  'said "Bearer other"', "\0" .. CODE .. "\0" .. TOKEN,
}

local function holds(value, secret)
  if type(value) == "string" then
    return value:lower():find(secret:lower(), 1, true) ~= nil
  elseif type(value) == "table" then
    for key, inner in pairs(value) do
      if holds(key, secret) or holds(inner, secret) then return true end
    end
  end
  return false
end

local function clean(value)
  for _, secret in ipairs { TOKEN, ID, "other" } do
    assert.is_false(holds(value, secret), secret)
  end
end

describe("a text", function()
  for i, text in ipairs(NASTY) do
    it(i .. " is cleared of its secrets", function()
      assert.is_true(holds(text, TOKEN) or holds(text, ID) or holds(text, "other"))
      clean(err.redact(text, { TOKEN }))
    end)
  end

  it("without a secret stays as it is", function()
    for _, text in ipairs { "", "Order 3a6acf89-1ccf-4611-9424-453930f57ef1 not found", "costs 10 $", "50% of 1%",
      "the LPA of the device", "a\nb" } do
      assert.equal(text, err.redact(text, { TOKEN, "" }))
    end
  end)

  it("keeps what stands around a secret", function()
    assert.equal('code "[redacted]", sorry', err.redact('code "' .. CODE .. '", sorry'))
    assert.equal("Bearer [redacted], sorry", err.redact("Bearer " .. TOKEN .. ", sorry", { TOKEN }))
  end)
end)

describe("what an error keeps of a body", function()
  it("has no secret in any field, at any depth, nor in a name", function()
    for _, text in ipairs(NASTY) do
      local body = { text, { [text] = { deep = { text } } }, n = 1, yes = true }
      local copy = err.scrub(body, { TOKEN })
      clean(copy)
      assert.equal(1, copy.n)
      assert.is_true(copy.yes)
      assert.equal(text, body[1])
    end
    local deep = ID
    for _ = 1, 60 do deep = { matchingId = deep } end
    clean(err.scrub { { deep } })
  end)

  it("hides the fields that are secret, however they are spelt", function()
    for _, name in ipairs { "matchingId", "matching_id", "MATCHINGID", "lpa_url", "lpaUrl", "_lpa", "qrcode_url",
      "qrcodeUrl", "activation_code", "activationCode", "access_token", "refreshToken", "client_secret",
      "Authorization", "confirmation_code", "confirmationCode" } do
      assert.same({ output = { [name] = "[redacted]" } }, err.scrub { output = { [name] = "1234" } })
      assert.same({ [name] = "[redacted]" }, err.scrub { [name] = { "1234" } })
    end
    assert.same({ matchingId = "", iccid = "89" }, err.scrub { matchingId = "", iccid = "89" })
  end)

  it("has no matching id in a sentence either, when a field names it", function()
    local copy = err.scrub { output = { matchingId = ID }, messages = { "profile " .. ID .. " is taken" } }
    assert.equal("profile [redacted] is taken", copy.messages[1])
  end)
end)

describe("an error", function()
  local full = err.new("refused", {
    http = 400, type = "INVALID", messages = { "one", "two" }, order_id = "o-1", correlation_id = "c-1",
    retry_after = 1.5, field = "device.id", message = "is required",
  })

  it("reads as one sentence", function()
    assert.equal("esim: the provider refused: device.id is required (HTTP 400 INVALID): one; two; "
      .. "retry after 1.5 s; order o-1; correlation id c-1", tostring(full))
    assert.equal("esim: the wait was cancelled", tostring(err.new("cancelled")))
  end)

  it("joins with a text on either side", function()
    local said = tostring(full)
    assert.equal("x " .. said, "x " .. full)
    assert.equal(said .. " x", full .. " x")
    assert.equal(said .. said, full .. full)
    assert.equal("1" .. said, 1 .. full)
  end)

  it("is one line, whatever the provider's message holds", function()
    for byte = 0, 31 do
      local c = string.char(byte)
      local said = tostring(err.new("refused", {
        http = 400, type = "A" .. c .. "B", messages = { "one" .. c .. "two", c }, message = "m" .. c .. "n",
        field = "f" .. c, order_id = "o" .. c, correlation_id = "c" .. c,
      }))
      assert.is_nil(said:find("%c"), said)
      assert.truthy(said:find("one two", 1, true))
    end
    assert.is_nil(tostring(err.new("answer", { message = "a\127b" })):find("\127", 1, true))
  end)

  it("is told from other tables, and has a kind of the list", function()
    assert.is_true(err.is(full))
    for _, other in ipairs { {}, "text", 1, false, setmetatable({}, {}) } do
      assert.is_false(err.is(other))
    end
    assert.has_error(function() err.new("no such kind") end)
  end)
end)

describe("an error that is made of another", function()
  it("has its own kind, and all else of the other, which stays as it was", function()
    local first = err.new("unavailable", { message = "m", http = 503 })
    local second = err.new("not_sent", first)
    assert.same({ "not_sent", "m", 503 }, { second.kind, second.message, second.http })
    assert.equal("unavailable", first.kind)
  end)
end)

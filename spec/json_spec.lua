-- What goes to the provider and what comes back keeps its meaning, or is refused with a reason.

local json = require "esim.json"

describe("JSON that is read", function()
  it("loses its nulls, and nothing else", function()
    assert.same({ a = 1, d = {}, e = { f = false } }, json.decode '{"a":1,"b":null,"d":{"c":null},"e":{"f":false}}')
    assert.same({ {}, "" }, json.decode '[{}, ""]')
    assert.same({}, json.decode "{}")
    assert.same({}, json.decode "[]")
  end)

  it("keeps an ICCID that is a text a text, to its last digit", function()
    for _, iccid in ipairs { "8944478600000205337", "89444786000002053370", "0000000000000000001" } do
      assert.equal(iccid, json.decode('{"iccid":"' .. iccid .. '"}').iccid)
      assert.equal('{"iccid":"' .. iccid .. '"}', json.encode { iccid = iccid })
    end
  end)

  it("takes numbers beyond 2^53 as numbers, without an error", function()
    assert.equal("number", type(json.decode('{"n":9007199254740993}').n))
    assert.equal("number", type(json.decode('{"n":89444786000002053370}').n))
  end)

  it("takes the last of two equal names", function()
    assert.same({ a = "y" }, json.decode '{"a":"x","a":"y"}')
  end)

  it("takes escapes, NUL and bytes as they are", function()
    assert.equal("a\0b", json.decode '"a\\u0000b"')
    assert.equal("\195\169", json.decode '"\\u00e9"')
    assert.equal("\255\254", json.decode '"\255\254"')
  end)

  it("is at most 64 deep", function()
    assert.truthy(json.decode(("["):rep(64) .. ("]"):rep(64)))
    assert.is_nil((json.decode(("["):rep(65) .. ("]"):rep(65))))
    assert.is_nil((json.decode(("["):rep(100000))))
  end)

  for _, text in ipairs { "", " ", "null", "<html>", "{", '{"a":}', "{'a':1}", '{"a":1}x', '"a', '"\\ud800"', "\0",
    "nope", "\239\187\191{}", '{"secret":"TOKEN' } do
    it(("is nothing when it is %q, with a reason that holds none of it"):format(text), function()
      local value, reason = json.decode(text)
      assert.is_nil(value)
      assert.truthy(reason:find("^is "))
      assert.is_nil(reason:find("TOKEN", 1, true))
    end)
  end
end)

describe("JSON that is written", function()
  it("reads back the same", function()
    for _, value in ipairs { {}, { a = {} }, { 1, 2, 3 }, { a = { b = { "x", true, false } } },
      { t = "a\0\n\"\\/\195\169" }, { n = 0 }, { n = -1.5 }, { n = 99999999999999 }, { n = 1.5e-300 } } do
      assert.same(value, json.decode(assert(json.encode(value))))
    end
  end)

  it("has prices as they are written by hand", function()
    for _, price in ipairs { "10", "8.7", "0.1", "19.99", "1234567.89", "0.3" } do
      assert.equal('{"price":' .. price .. "}", json.encode { price = tonumber(price) })
    end
    assert.equal('{"price":0.3}', json.encode { price = 0.1 + 0.2 })
  end)

  it("has every digit of a whole number, or is refused", function()
    assert.equal('{"n":12345678901234}', json.encode { n = 12345678901234 })
    for _, number in ipairs { 123456789012345, -123456789012345, 8944478600000205337, 2 ^ 53 } do
      local text, reason = json.encode { a = { number } }
      assert.is_nil(text)
      assert.truthy(reason:find("text", 1, true), reason)
    end
  end)

  it("may hold what looks like a large number's exponent in a text", function()
    assert.equal('{"email":"jane+tag@example.com"}', json.encode { email = "jane+tag@example.com" })
    assert.equal('{"note":"1e+14"}', json.encode { note = "1e+14" })
  end)

  it("is refused with a reason where it cannot be", function()
    local loop = {}
    loop.loop = loop
    for _, value in ipairs { { 0 / 0 }, { math.huge }, { print }, { coroutine.create(function() end) }, loop,
      { [1] = 1, [99] = 2 }, { [true] = 1 } } do
      local text, reason = json.encode(value)
      assert.is_nil(text)
      assert.is_string(reason)
    end
  end)

  it("has an empty table as an object", function()
    assert.equal("{}", json.encode {})
  end)

  it("is not changed by what others set", function()
    local cjson = require "cjson"
    cjson.encode_number_precision(3)
    assert.equal('{"n":12345.5}', json.encode { n = 12345.5 })
    cjson.encode_number_precision(14)
  end)
end)

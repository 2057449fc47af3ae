local code = require "esim.code"
local vectors = require "spec.support.vectors"

describe("an activation code", function()
  for _, row in ipairs(vectors.read "activation-codes.tsv") do
    it(("is %s: %q"):format(row[2], row[1]), function()
      local fields, e = code.parse(row[1])
      if row[2] ~= "ok" then
        assert.is_nil(fields)
        assert.equal("invalid", e.kind)
        assert.equal(row[2], e.field)
        return
      end
      assert.equal(row[3], fields.smdp)
      assert.equal(row[4], fields.matching_id)
      assert.equal(row[5] ~= "" and row[5] or nil, fields.oid)
      assert.equal(row[6] == "1", fields.confirmation_code_required)
      assert.same(fields, assert(code.parse(assert(code.format(fields)))))
    end)
  end

  it("takes _ and . in the matching id in lenient mode alone", function()
    local text = "LPA:1$smdpp.test.rsp.sysmocom.de$TS48v5_SAIP2.1B_NoBERTLV"
    assert.is_nil((code.parse(text)))
    assert.equal("TS48v5_SAIP2.1B_NoBERTLV", code.parse(text, { lenient = true }).matching_id)
  end)

  it("is written with or without the prefix, and without a trailing $", function()
    local fields = { smdp = "a.example", matching_id = "X-1" }
    assert.equal("LPA:1$a.example$X-1", code.format(fields))
    assert.equal("1$a.example$X-1", code.format(fields, { prefix = false }))
    assert.equal("LPA:1$a.example$", code.format { smdp = "a.example" })
    assert.equal("LPA:1$a.example$X-1$$1",
      code.format { smdp = "a.example", matching_id = "X-1", confirmation_code_required = true })
  end)

  it("is at most 255 characters without the prefix", function()
    local id = ("A"):rep(255 - #"1$a.example$")
    assert.truthy(code.parse("LPA:1$a.example$" .. id))
    local _, e = code.parse("LPA:1$a.example$" .. id .. "A")
    assert.equal("length", e.field)
    _, e = code.format { smdp = "a.example", matching_id = id .. "A" }
    assert.equal("length", e.field)
  end)

  it("refuses to write what it would not read", function()
    for field, fields in pairs {
      address = { smdp = "nodot" }, matching_id = { smdp = "a.example", matching_id = "a$b" },
      oid = { smdp = "a.example", oid = "1" },
    } do
      local _, e = code.format(fields)
      assert.equal(field, e.field)
    end
  end)

  it("never stands in the error about it", function()
    local _, e = code.parse("LPA:1$smdp.example.com$SECRET-1$1234567")
    assert.is_nil(tostring(e):find("SECRET", 1, true))
    assert.is_nil(tostring(e):find("1234567", 1, true))
  end)

  it("survives the round trip whatever its fields are", function()
    math.randomseed(4711)
    local alphabet = "ABCXYZabc0189-"
    local function text(least, most)
      local out = {}
      for i = 1, math.random(least, most) do
        local n = math.random(#alphabet)
        out[i] = alphabet:sub(n, n)
      end
      return table.concat(out)
    end
    for _ = 1, 2000 do
      local fields = {
        smdp = "h" .. text(0, 10):gsub("%-", "") .. ".example:" .. math.random(1, 65535), matching_id = text(0, 60),
        oid = math.random(2) == 1 and "1.3." .. math.random(9999) or nil,
        confirmation_code_required = math.random(2) == 1,
      }
      assert.same(fields, assert(code.parse(assert(code.format(fields)))))
    end
  end)

  it("is judged without harm whatever bytes come", function()
    math.randomseed(99)
    local bytes = "1$LPA:.-_%\0\255aZ9 "
    for _ = 1, 5000 do
      local out = {}
      for i = 1, math.random(0, 40) do
        local n = math.random(#bytes)
        out[i] = bytes:sub(n, n)
      end
      local fields, e = code.parse(table.concat(out), { lenient = true })
      if fields then
        assert.same(fields, assert(code.parse(assert(code.format(fields, { lenient = true })), { lenient = true })))
      else
        assert.equal("invalid", e.kind)
      end
    end
  end)
end)

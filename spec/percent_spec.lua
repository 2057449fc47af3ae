-- Percent-encoding of what stands in a path, a query or a form.

local percent = require "esim.percent"

describe("percent-encoding", function()
  for text, encoded in pairs {
    ["a-B_9.~"] = "a-B_9.~", [" "] = "%20", ["a=b&c"] = "a%3Db%26c", ["/.."] = "%2F..", ["%41"] = "%2541",
    ["\0\127\255"] = "%00%7F%FF", ["ü"] = "%C3%BC", ["+"] = "%2B", [""] = "",
  } do
    it("of " .. encoded .. " is read back", function()
      assert.equal(encoded, percent.encode(text))
      assert.equal(text, percent.decode(encoded))
    end)
  end

  it("reads either case of digits and leaves what is none", function()
    assert.equal("/%zz%", percent.decode "%2f%zz%")
  end)

  it("writes a form in the order of the names", function()
    assert.equal("a%26=1&b=x%20y&c=", percent.form { b = "x y", ["a&"] = 1, c = "" })
    assert.equal("", percent.form {})
  end)
end)

describe("base64", function()
  local native = require "esim.native"
  for text, encoded in pairs {
    [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy",
    ["\255\254\253"] = "//79", ["\251\239"] = "++8=", ["\0\0\0"] = "AAAA",
  } do
    it("of RFC 4648 gives " .. encoded, function()
      assert.equal(encoded, native.base64(text))
    end)
  end
end)

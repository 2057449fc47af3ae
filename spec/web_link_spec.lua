-- Signed links, without nginx: LuaJIT's FFI and OpenSSL are all that they need.
-- Only under LuaJIT.

local crypto = require "esim.web.crypto"
local link = require "esim.web.link"

local KEY, OTHER = ("k"):rep(32), ("o"):rep(32)
local NOW = 1700000000

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

local function bytes(text)
  return (text:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

describe("the digests", function()
  it("are those of RFC 4231, section 4", function()
    assert.equal("b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
      hex(crypto.hmac(("\11"):rep(20), "Hi There")))
    assert.equal("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      hex(crypto.hmac("Jefe", "what do ya want for nothing?")))
    assert.equal("773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
      hex(crypto.hmac(("\170"):rep(20), ("\221"):rep(50))))
    assert.equal("82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
      hex(crypto.hmac(bytes("0102030405060708090a0b0c0d0e0f10111213141516171819"), ("\205"):rep(50))))
    assert.equal("60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      hex(crypto.hmac(("\170"):rep(131), "Test Using Larger Than Block-Size Key - Hash Key First")))
  end)

  it("are compared whole", function()
    assert.is_true(crypto.equal("abc", "abc"))
    assert.is_false(crypto.equal("abc", "abd"))
    assert.is_false(crypto.equal("abc", "abcd"))
    assert.is_false(crypto.equal("a\0b", "a\0c"))
  end)
end)

describe("a link", function()
  local signer = link.new { KEY }

  local function sign(id)
    return signer:sign("page", { id = id or "order-1", created = NOW, expires = NOW + 3600 })
  end

  it("gives back what was signed, whatever the id holds", function()
    local all = {}
    for i = 0, 255 do all[i + 1] = string.char(i) end
    for _, id in ipairs { "order-1", "cm9kIiw=_-/.", "..", "a.b/c?d#e f%20~7e", "\195\169", table.concat(all) } do
      local text = sign(id)
      assert.truthy(text:find("^[%w._~-]+$"), text)
      assert.same({ id = id, created = NOW, expires = NOW + 3600 }, signer:verify("page", text, NOW))
    end
  end)

  it("ends when it says", function()
    local text = sign()
    assert.truthy(signer:verify("page", text, NOW + 3599))
    assert.is_nil(signer:verify("page", text, NOW + 3600))
    assert.is_nil(signer:verify("page", text, NOW + 1e9))
  end)

  it("is for one thing alone", function()
    for _, purpose in ipairs { "png", "svg", "status", "events", "page\n", "" } do
      assert.is_nil(signer:verify(purpose, sign(), NOW))
    end
  end)

  it("is worth nothing with any byte changed, inserted or left out", function()
    local text = sign("a.b")
    for at = 1, #text do
      for byte = 0, 255 do
        local c = string.char(byte)
        if c ~= text:sub(at, at) then
          assert.is_nil(signer:verify("page", text:sub(1, at - 1) .. c .. text:sub(at + 1), NOW))
        end
      end
      assert.is_nil(signer:verify("page", text:sub(1, at - 1) .. text:sub(at + 1), NOW))
      assert.is_nil(signer:verify("page", text:sub(1, at) .. "0" .. text:sub(at + 1), NOW))
      assert.is_nil(signer:verify("page", text:sub(1, at - 1), NOW))
    end
    assert.is_nil(signer:verify("page", text .. text, NOW))
    assert.is_nil(signer:verify("page", text:upper(), NOW))
  end)

  it("of an old key holds while that key is still listed", function()
    local text, both = sign(), link.new { OTHER, KEY }
    assert.truthy(both:verify("page", text, NOW))
    assert.is_nil(link.new({ OTHER }):verify("page", text, NOW))
    local fresh = both:sign("page", { id = "x", created = NOW, expires = NOW + 1 })
    assert.truthy(link.new({ OTHER }):verify("page", fresh, NOW))
    assert.is_nil(signer:verify("page", fresh, NOW))
  end)

  it("does not show the key", function()
    assert.is_nil(tostring(signer):find("kk", 1, true))
    assert.is_nil(next(signer))
  end)
end)

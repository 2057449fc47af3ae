local esim = require "esim"

local CODE = "LPA:1$rsp.truphone.com$QR-G-5C-1LS-1W1Z9"

local function scan(command, bytes)
  local name = os.tmpname()
  local file = assert(io.open(name, "wb"))
  file:write(bytes)
  file:close()
  local pipe = assert(io.popen((command:gsub("FILE", name))))
  local text = pipe:read("*a")
  pipe:close()
  os.remove(name)
  return (text:gsub("\n$", ""))
end

local PNG = "zbarimg -q --raw FILE 2>/dev/null"
local SVG = "rsvg-convert -w 600 FILE -o FILE.png && zbarimg -q --raw FILE.png 2>/dev/null; rm -f FILE.png"

describe("a symbol", function()
  it("is at least at level M, and stronger where that is free", function()
    assert.equal("M", esim.qr("x", { boost = false }).level)
    assert.equal("H", esim.qr("x").level)
    local symbol = esim.qr(("A"):rep(14), { boost = false })
    assert.equal(1, symbol.version)
    assert.equal(21, symbol.size)
    assert.equal("M", esim.qr(("A"):rep(14)).level)
  end)

  it("keeps its version when it is raised", function()
    for length = 1, 250, 7 do
      local text = ("a"):rep(length)
      assert.equal(esim.qr(text, { boost = false }).version, esim.qr(text).version)
    end
  end)

  it("is refused for a NUL, too much text, an unknown level", function()
    assert.is_nil((esim.qr("a\0b")))
    assert.is_nil((esim.qr(("a"):rep(2332))))
    assert.truthy(esim.qr(("a"):rep(2331)))
    assert.is_nil((esim.qr("")))
    assert.is_nil((esim.qr("x", { level = "X" })))
    assert.has_error(function() esim.qr("x", { lvel = "M" }) end)
    assert.has_error(function() esim.qr(42) end)
  end)

  it("has dark corners and light outside", function()
    local symbol = esim.qr(CODE)
    assert.is_true(symbol:at(0, 0))
    assert.is_true(symbol:at(symbol.size - 1, 0))
    assert.is_false(symbol:at(-1, 0))
    assert.is_false(symbol:at(symbol.size, 0))
  end)

  it("does not show its text", function()
    assert.is_nil(tostring(esim.qr(CODE)):find("LPA", 1, true))
  end)
end)

describe("a picture", function()
  for _, length in ipairs { 20, 45, 120, 255 } do
    local text = CODE .. ("7"):rep(length - 41)
    it("of " .. #text .. " characters scans as PNG and as SVG", function()
      local symbol = assert(esim.qr(text))
      assert.equal(text, scan(PNG, assert(symbol:png())))
      assert.equal(text, scan(PNG, assert(symbol:png { scale = 3, margin = 6 })))
      assert.equal(text, scan(SVG, assert(symbol:svg())))
    end)
  end

  it("in a terminal has the same modules", function()
    local symbol = esim.qr(CODE)
    local blocks = {
      [" "] = { false, false }, ["▀"] = { true, false }, ["▄"] = { false, true }, ["█"] = { true, true },
    }
    for _, margin in ipairs { 4, 1 } do
      local y = -margin
      for line in symbol:text({ margin = margin }):gmatch("(.-)\n") do
        local x = -margin
        local plain = line:gsub("\27%[[%d;]*m", "")
        for character in plain:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
          local block = blocks[character]
          assert.equal(symbol:at(x, y), block[1])
          assert.equal(symbol:at(x, y + 1), block[2])
          x = x + 1
        end
        assert.equal(symbol.size + margin, x)
        y = y + 2
      end
      assert.is_true(y >= symbol.size + margin)
    end
  end)

  it("as a data URI holds the PNG", function()
    local symbol = esim.qr(CODE)
    local uri = symbol:data_uri { scale = 4 }
    local body = assert(uri:match("^data:image/png;base64,([%w+/=]+)$"))
    assert.equal(CODE, scan("base64 -d FILE > FILE.png; zbarimg -q --raw FILE.png 2>/dev/null; rm -f FILE.png", body))
  end)

  it("has a viewBox, and a fixed size only when asked", function()
    local symbol = esim.qr(CODE)
    local box = symbol.size + 8
    assert.truthy(symbol:svg():find(('viewBox="0 0 %d %d"'):format(box, box), 1, true))
    assert.is_nil(symbol:svg():find("width=", 1, true))
    assert.truthy(symbol:svg({ size = 300 }):find('width="300"', 1, true))
    assert.is_true(#symbol:svg() < 3000)
  end)

  it("too large is refused, unknown options raise", function()
    local symbol = esim.qr(CODE)
    local png, reason = symbol:png { scale = 200 }
    assert.is_nil(png)
    assert.equal("size", reason)
    assert.equal("size", select(2, symbol:png { margin = 5000 }))
    assert.equal("size", select(2, symbol:text { margin = 5000 }))
    assert.has_error(function() symbol:png { size = 3 } end)
    assert.has_error(function() symbol:png { scale = 1.5 } end)
    assert.has_error(function() symbol:svg { margin = "x" } end)
  end)
end)

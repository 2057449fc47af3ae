local esim = require "esim"
local profile = require "esim.profile"
local scratch = require "spec.support.scratch"

local CODE = "LPA:1$rsp.truphone.com$QR-G-5C-1LS-1W1Z9"

local function scan(command, bytes)
  local name = scratch()
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
  end)

  it("says what is wrong with what", function()
    assert.equal("the level is no error correction level (L, M, Q or H)", select(2, esim.qr("x", { level = "X" })))
    assert.equal("the text holds a NUL byte", select(2, esim.qr("a\0b")))
  end)

  it("raises at the line that misuses it, of a profile too", function()
    local bought = profile.new { lpa_url = CODE }
    local wrong = { { lvel = "M" }, { level = 5 }, { level = {} }, { boost = "no" }, "L", 5 }
    for _, options in ipairs(wrong) do
      for _, make in ipairs { function() local made = esim.qr("x", options) return made end,
                              function() local made = bought:qr(options) return made end } do
        local ok, said = pcall(make)
        assert.is_false(ok)
        assert.truthy(said:find "^[^\n]*symbol_spec%.lua:%d+: esim%.qr: ", said)
      end
    end
    assert.has_error(function() esim.qr(42) end)
  end)

  it("has dark corners and light outside", function()
    local symbol = esim.qr(CODE)
    assert.is_true(symbol:at(0, 0))
    assert.is_true(symbol:at(symbol.size - 1, 0))
    assert.is_false(symbol:at(-1, 0))
    assert.is_false(symbol:at(symbol.size, 0))
    for _, outside in ipairs { -0.5, symbol.size + 0.5, 2 ^ 32, -2 ^ 31, 1e300, 1 / 0, 0 / 0 } do
      assert.is_false(symbol:at(outside, 0))
      assert.is_false(symbol:at(0, outside))
    end
    assert.is_true(symbol:at(0.5, 0.5))
  end)

  it("that is closed is of no use any more", function()
    local symbol = esim.qr(CODE)
    getmetatable(symbol).__gc(symbol)
    getmetatable(symbol).__gc(symbol)
    for _, name in ipairs { "size", "version", "level", "at", "png" } do
      local ok, said = pcall(function() return symbol[name] end)
      assert.is_false(ok)
      assert.truthy(said:find("attempt to use a closed symbol", 1, true), said)
    end
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
    assert.truthy(symbol:svg():find('shape-rendering="crispEdges"', 1, true))  -- or rows have seams
    assert.is_true(#symbol:svg() < 3000)
  end)

  it("as SVG has a side in any unit of print", function()
    local symbol = esim.qr(CODE)
    for _, size in ipairs { "30mm", "2.5cm", "1in", "72pt", "300px", "300" } do
      local svg = assert(symbol:svg { size = size })
      assert.truthy(svg:find((' width="%s" height="%s" '):format(size, size), 1, true), svg)
    end
    for _, size in ipairs { "", "mm", "0mm", "0", "-3mm", "3 mm", "3em", "3%", "1e3mm", "3mm\"", "30MM", "3mm mm",
                            "30.mm", ".5in", "1.2.3mm", "2,5cm", ".", "0.0mm", "30mm\0" } do
      local svg, e = symbol:svg { size = size }
      assert.is_nil(svg)
      assert.same({ "invalid", "size" }, { e.kind, e.field })
    end
    assert.equal("size", select(2, symbol:svg { size = "99999mm" }))
  end)

  it("too large is refused, unknown options raise", function()
    local symbol = esim.qr(CODE)
    local png, reason = symbol:png { scale = 200 }
    assert.is_nil(png)
    assert.equal("size", reason)
    for _, kind in ipairs { "png", "svg", "eps", "text", "data_uri" } do
      assert.equal("size", select(2, symbol[kind](symbol, { margin = 5000 })))
    end
    assert.equal("size", select(2, symbol:eps { size = "4000mm" }))
    assert.has_error(function() symbol:png { size = 3 } end)
    assert.has_error(function() symbol:png { scale = 1.5 } end)
    assert.has_error(function() symbol:svg { margin = "x" } end)
  end)

  it("raises at the line that misuses it", function()
    local symbol = esim.qr(CODE)
    local wrong = {
      png = { { scale = 0 }, { margin = 0.5 }, { dpi = "300" }, { dpi = 0 }, { dpi = 0 / 0 }, { dark = 0 }, "x" },
      svg = { { size = 0 }, { size = 1.5 }, { size = {} }, { scale = 3 } }, eps = { { dpi = 300 } },
      text = { { invert = 1 }, { light = false } }, data_uri = { { margin = -1 } },
    }
    for kind, list in pairs(wrong) do
      for _, options in ipairs(list) do
        local ok, said = pcall(function()
          local drawn = symbol[kind](symbol, options)
          return drawn
        end)
        assert.is_false(ok)
        assert.truthy(said:find("^[^\n]*symbol_spec%.lua:%d+: symbol:" .. kind .. ": "), said)
      end
    end
  end)
end)

describe("a PNG", function()
  local function number(bytes, at)
    local a, b, c, d = bytes:byte(at, at + 3)
    return ((a * 256 + b) * 256 + c) * 256 + d
  end

  -- The body of a chunk (PNG, section 5.3), or nil.
  local function chunk(png, name)
    local at = png:find(name, 1, true)
    return at and png:sub(at + 4, at + 3 + number(png, at - 4))
  end

  it("has one bit a pixel, in colours too", function()
    local symbol = esim.qr(CODE)
    local plain, coloured = symbol:png(), assert(symbol:png { dark = "#0A3161", light = "#fffaf0" })
    assert.same({ 1, 0 }, { chunk(plain, "IHDR"):byte(9, 10) })
    assert.same({ 1, 3 }, { chunk(coloured, "IHDR"):byte(9, 10) })
    assert.is_nil(chunk(plain, "PLTE"))
    assert.equal("\10\49\97\255\250\240", chunk(coloured, "PLTE"))
    assert.is_true(#coloured < #plain + 30)
  end)

  it("is as large on paper as its pixels are at 300 dots an inch, or at others", function()
    local symbol = esim.qr(CODE)
    for dpi, per_metre in pairs { [300] = 11811, [72] = 2835, [600] = 23622 } do
      local body = chunk(symbol:png { dpi = dpi }, "pHYs")
      assert.same({ per_metre, per_metre, 1 }, { number(body, 1), number(body, 5), body:byte(9) })
    end
    assert.equal(symbol:png(), symbol:png { dpi = 300 })
  end)
end)

describe("an EPS", function()
  it("has whole bounds, and black that is one ink", function()
    local symbol = esim.qr(CODE)
    local eps = symbol:eps { size = "30mm" }
    assert.truthy(eps:find("%%BoundingBox: 0 0 86 86\n%%HiResBoundingBox: 0 0 85.039 85.039\n", 1, true))
    assert.truthy(eps:find("0 255 div setgray newpath", 1, true))
    assert.is_nil(eps:find "%d setrgbcolor")
    for _, size in ipairs { "96px", 96, "72pt", "6pc", "1in", "2.54cm", "25.4mm", "025.40mm" } do
      assert.truthy(symbol:eps({ size = size }):find("%HiResBoundingBox: 0 0 72.000 72.000\n", 1, true), size)
    end
    local side = 2 * (symbol.size + 8)
    assert.truthy(symbol:eps():find(("%%%%BoundingBox: 0 0 %d %d\n"):format(side, side), 1, true))
    assert.truthy(symbol:eps({ dark = "#000080" }):find("0 255 div 0 255 div 128 255 div setrgbcolor newpath", 1, true))
    assert.truthy(symbol:eps({ dark = "#800000" }):find("128 255 div 0 255 div 0 255 div setrgbcolor newpath", 1, true))
  end)
end)

describe("colours", function()
  local KINDS = { "png", "svg", "eps", "text", "data_uri" }

  it("that scanners do not tell apart are refused, and the option is named", function()
    local symbol = esim.qr(CODE)
    local refused = {
      { { dark = "#ff0000" }, "dark", "red light" },                    -- red is white there
      { { dark = "#0000ff", light = "#00ff00" }, "dark", "red light" }, -- both are black there
      { { dark = "#ffff00" }, "dark", "daylight" }, { { light = "#00007f" }, "light", "daylight" },
      { { dark = "#777777", light = "#999999" }, "dark", "daylight" },
      { { dark = "#d0d0d0" }, "dark", "daylight" },                     -- 37 % of contrast
      { { dark = "#ffffff", light = "#000000" }, "dark", "daylight" },  -- inverted
      { { dark = "#fff" }, "dark", "no colour" }, { { light = "white" }, "light", "no colour" },
      { { dark = "#12345g" }, "dark", "no colour" }, { { dark = "#123456\n" }, "dark", "no colour" },
      { { dark = "#000000", light = "\"#ffffff" }, "light", "no colour" },
    }
    for _, kind in ipairs(KINDS) do
      for _, case in ipairs(refused) do
        local drawn, e = symbol[kind](symbol, case[1])
        assert.is_nil(drawn)
        assert.same({ "invalid", case[2] }, { e.kind, e.field })
        assert.truthy(tostring(e):find(case[3], 1, true), tostring(e))
      end
    end
  end)

  it("that they do are taken", function()
    local symbol = esim.qr(CODE)
    for _, kind in ipairs(KINDS) do
      for _, dark in ipairs { "#000000", "#0A3161", "#c00000", "#006847", "#6f2dbd", "#0000FF", "#cacaca" } do
        assert.is_string(symbol[kind](symbol, { dark = dark }))
      end
      assert.is_string(symbol[kind](symbol, { dark = "#000000", light = "#ffcc00" }))
    end
    assert.equal(symbol:png(), symbol:png { dark = "#000000", light = "#FFFFFF" })
  end)

  it("are those of the picture", function()
    local symbol = esim.qr(CODE)
    local ink = { dark = "#0A3161", light = "#fffaf0" }
    assert.truthy(symbol:svg(ink):find('fill="#fffaf0".*stroke="#0a3161"'))
    assert.truthy(symbol:text(ink):find("^\27%[38;2;10;49;97;48;2;255;250;240m"))
    ink.invert = true
    assert.truthy(symbol:text(ink):find("^\27%[38;2;255;250;240;48;2;10;49;97m"))
  end)
end)

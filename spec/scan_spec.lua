-- Random valid activation codes in every drawing, read by zbar: each as PNG at every level, and in each other drawing
-- at one of them; every second picture in colours of its own. 2,000 codes under LuaJIT; under the others, which draw
-- with the same core, a part of them.

local esim = require "esim"
local scans = require "spec.support.scans"

local SEED = 20261127
local COUNT = rawget(_G, "jit") and 2000 or 200
local LEVELS = { "L", "M", "Q", "H" }

local codes = scans.codes(COUNT, SEED)
local random = scans.generator(SEED)

local function symbol_of(i, level)
  local symbol = assert(esim.qr(codes[i], { level = level, boost = false }))
  assert(symbol.level == level)
  return symbol
end

-- Every second drawing is in colours.
local function options(colours, more)
  if colours then
    more.dark, more.light = scans.colours(random)
  end
  return more
end

-- Draw all codes, each at a level of its own.
local function each_drawn(draw)
  for i = 1, COUNT do
    local symbol = symbol_of(i, LEVELS[i % 4 + 1])
    draw(symbol, codes[i], math.floor(i / 4) % 2 == 1)
  end
end

local function check(album)
  local found = album:read()
  for i, text in ipairs(album.expected) do
    assert.equal(text, found[i])
  end
  assert.equal(#album.expected, #found)
end

-- Base64 as the textbook has it.
local function decoded(text)
  local digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
  local of, out = { ["="] = 0 }, {}
  for i = 1, 64 do of[digits:sub(i, i)] = i - 1 end
  for a, b, c, d in text:gmatch "(.)(.)(.)(.)" do
    local n = of[a] * 262144 + of[b] * 4096 + of[c] * 64 + of[d]
    out[#out + 1] = string.char(math.floor(n / 65536), math.floor(n / 256) % 256, n % 256)
  end
  return table.concat(out):sub(1, -1 - #text:match "=*$")
end

-- Of 2 points a module.
local THREE_PIXELS = "-r108"

describe(COUNT .. " random codes (seed " .. SEED .. ")", function()
  local album
  before_each(function() album = scans.new() end)
  after_each(function() album:close() end)

  for number, level in ipairs(LEVELS) do
    it("scan as PNG at level " .. level .. ", and a data URI of each fourth holds that very PNG", function()
      for i = 1, COUNT do
        local symbol = symbol_of(i, level)
        local look = options((i + number) % 2 == 0, { scale = 3 })
        local png = assert(symbol:png(look))
        album:add("png", png, codes[i])
        if i % 4 + 1 == number then
          assert.is_true(png == decoded(symbol:data_uri(look):match "^data:image/png;base64,(.*)$"))
        end
      end
      check(album)
    end)
  end

  it("scan as SVG", function()
    each_drawn(function(symbol, code, colours)
      album:document(assert(symbol:svg(options(colours, { size = 2 * (symbol.size + 8) .. "pt" }))), code)
    end)
    album:draw("rsvg-convert -f pdf -o all.ps *.doc && gs -q -dSAFER -dBATCH -dNOPAUSE -sDEVICE=pgmraw "
      .. THREE_PIXELS .. " -o %06d.pgm all.ps && rm all.ps")
    check(album)
  end)

  it("scan as EPS", function()
    each_drawn(function(symbol, code, colours)
      album:document(assert(symbol:eps(options(colours, {}))), code)
    end)
    album:draw ("gs -q -dSAFER -dBATCH -dNOPAUSE -dEPSCrop -sDEVICE=pgmraw " .. THREE_PIXELS .. " -o %06d.pgm *.doc")
    check(album)
  end)

  it("scan in a terminal, also in one that swaps its colours", function()
    local turn = 0
    each_drawn(function(symbol, code, colours)
      turn = (turn + 1) % 3
      local text = assert(symbol:text(options(colours, { invert = turn == 0 })))
      if turn == 0 then
        text = text:gsub("\27%[38;([%d;]-);48;([%d;]-)m", "\27[38;%2;48;%1m")
      end
      album:add("pgm", scans.terminal(text), code)
    end)
    check(album)
  end)
end)

--- Text as a QR symbol (ISO/IEC 18004).

local misuse = require "esim.misuse"
local native = require "esim.native"
local settle = require "esim.symbol.settle"

local symbol = {}

local TYPES = { level = "string", boost = "boolean" }
local NONE = {}

-- Why there is none: what is wrong with what.
local function reason_of(fault)
  local subject = fault == "level" and "the level " or fault == "memory" and "" or "the text "
  return subject .. (native.faults[fault] or fault)
end

--- Make a symbol.
-- @param text     string without NUL
-- @param options  level = "L", "M" (default), "Q" or "H"; boost (default true): the strongest level that
--   fits the same version
-- @param level    as for `error`, seen from our caller (1): where misuse raises
-- @return symbol with .size .version .level, :at(x, y), :png, :svg, :eps, :text, :data_uri | nil, reason
function symbol.new(text, options, level)
  level = (level or 1) + 1
  if type(text) ~= "string" then
    error("esim.qr: text expected, got " .. type(text), level)
  end
  local own = options and misuse.gather(options, TYPES, "esim.qr", level) or NONE
  local made, fault = native.symbol(text, own.level or "M", own.boost ~= false)
  if not made then
    return nil, reason_of(fault)
  end
  return made
end

-- The methods that draw: the core's take what is settled, each in its place.

local methods = native.symbol_methods

-- A method with options. Misuse raises at its caller's line: settle.options counts on being called by it.
local function drawing(kind, draw)
  local core = methods[kind]
  methods[kind] = function(self, options)
    local own, e = settle.options(kind, options)
    if not own then
      return nil, e
    end
    return draw(core, self, own)
  end
end

--- PNG of one bit a pixel.
-- @param options  scale = 8 (pixels a module), margin = 4 (modules), dpi = 300 (pixels an inch, for who prints it),
--   dark = "#000000", light = "#ffffff"
-- @return bytes | nil, reason: "size" or "memory", or an error of kind `invalid` with .field `dark` or `light`
drawing("png", function(draw, self, own)
  return draw(self, own.scale, own.margin, own.per_metre, own.dark, own.light)
end)

--- The PNG as a `data:` URI. The options are those of :png.
-- @return text | nil, reason
drawing("data_uri", function(draw, self, own)
  return draw(self, own.scale, own.margin, own.per_metre, own.dark, own.light)
end)

--- SVG.
-- @param options  margin = 4, dark, light; size: of a side, in pixels, or a text such as "30mm" (mm, cm, in, pt, pc,
--   px); none: as large as its place
-- @return text | nil, reason: also an error with .field `size`
drawing("svg", function(draw, self, own)
  return draw(self, own.margin, own.side, own.dark, own.light)
end)

--- Encapsulated PostScript, for a print shop. The options are those of :svg; without `size` a module is 2 points wide.
-- @return text | nil, reason
drawing("eps", function(draw, self, own)
  return draw(self, own.margin, own.milli or 0, own.dark, own.light)
end)

--- Half blocks for a terminal, with colours of their own: 16 and 231 of 256, or what is given, in 24 bits.
-- @param options  margin = 4, dark, light; invert: light on dark, for a terminal that swaps them
-- @return text | nil, reason
drawing("text", function(draw, self, own)
  return draw(self, own.margin, own.invert, own.dark, own.light)
end)

return symbol

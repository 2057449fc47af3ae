--- How a symbol is to look: the options of its drawings, settled for the core.

local err = require "esim.err"
local ink = require "esim.symbol.ink"
local misuse = require "esim.misuse"

local settle = {}

local INCH = 0.0254  -- in metres
local POINTS = { px = 0.75, pt = 1, pc = 12, ["in"] = 72, cm = 72 / 2.54, mm = 72 / 25.4 }
local POINTS_MAX = 10000
local INT_MAX = 2 ^ 31 - 1

local TYPES = {
  png = { scale = "number", margin = "number", dpi = "number", dark = "string", light = "string" },
  svg = { margin = "number", size = true, dark = "string", light = "string" },
  text = { margin = "number", invert = "boolean", dark = "string", light = "string" },
}
TYPES.data_uri, TYPES.eps = TYPES.png, TYPES.svg

-- What holds where no option is given. A module of 8 pixels is 0.7 mm wide at 300 dots an inch.
local DEFAULT = { scale = 8, margin = 4, per_metre = math.floor(300 / INCH + 0.5), dark = 0x000000, light = 0xffffff }

local function whole(own, key, least, name)
  misuse.range(own, key, least, name, 5)
  local number = own[key]
  if number and number ~= math.floor(number) then
    error(name .. ": " .. key .. " must be a whole number", 5)
  end
end

-- Misuse raises at the line that called the drawing: who calls us is `settle.options`, who calls that the drawing.
local function check(kind, options)
  local name = "symbol:" .. kind
  local own = misuse.gather(options, TYPES[kind], name, 4)
  whole(own, "scale", 1, name)
  whole(own, "margin", 0, name)
  misuse.range(own, "dpi", 1, name, 4)
  if type(own.size) == "number" then
    whole(own, "size", 1, name)
  elseif own.size and type(own.size) ~= "string" then
    error(name .. ": size must be a number of pixels or a text such as \"30mm\"", 4)
  end
  return own
end

local function invalid(field, message)
  return nil, err.new("invalid", { field = field, message = message })
end

-- The two colours as numbers.
local function settle_ink(own)
  local dark, light = ink.parse(own.dark or "#000000"), ink.parse(own.light or "#ffffff")
  if not dark or not light then
    return invalid(dark and "light" or "dark", "is no colour such as #1a2b3c")
  end
  local lamp = ink.hides(dark, light)
  if lamp then
    return invalid(own.dark and "dark" or "light", "leaves too little contrast for scanners in " .. lamp
      .. ": dark modules must be much darker than the light ground")
  end
  own.dark, own.light = dark, light
  return own
end

-- A decimal number as CSS writes it, without a sign or an exponent; `tonumber` takes a comma where the locale has one.
local function decimal(text)
  local before, after = text:match "^(%d+)%.(%d+)$"
  before, after = before or text:match "^%d+$", after or "0"
  return before and tonumber(before) + tonumber(after) / 10 ^ #after
end

-- The side as SVG writes it, and in thousandths of a point.
local function settle_side(own)
  local size = type(own.size) == "number" and ("%d"):format(own.size) or own.size
  local digits, unit = size:match "^([%d.]+)(%l*)$"
  local points, number = POINTS[unit == "" and "px" or unit], digits and decimal(digits)
  if not points or not number or number == 0 then
    return invalid("size", "is no length such as 30mm")
  end
  points = number * points
  if #digits > 12 or points > POINTS_MAX then
    return nil, "size"
  end
  own.side, own.milli = size, math.max(1, math.floor(points * 1000 + 0.5))
  return own
end

--- Options as a drawing of the core takes them. Misuse raises at the line that called who calls us.
-- @param kind     "png", "data_uri", "svg", "eps" or "text"
-- @param options  table as in README.md, or nil
-- @return table: scale, margin, per_metre, dark and light (0xrrggbb), side, milli, invert
--   | nil, err of kind `invalid` with .field `dark`, `light` or `size`, or the word "size"
function settle.options(kind, options)
  if options == nil then
    return DEFAULT
  end
  local own = check(kind, options)
  own.scale, own.margin = own.scale or DEFAULT.scale, own.margin or DEFAULT.margin
  own.per_metre = math.floor(math.min(own.dpi and own.dpi / INCH + 0.5 or DEFAULT.per_metre, INT_MAX))
  local settled, e = settle_ink(own)
  if settled and own.size then
    return settle_side(own)
  end
  return settled, e
end

return settle

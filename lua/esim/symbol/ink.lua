--- The two colours of a symbol, and whether scanners tell them apart.

local colour = require "esim.colour"

local ink = {}

--- A colour as a number.
-- @param text  "#rrggbb"
-- @return 0xrrggbb | nil: it is none
function ink.parse(text)
  local red, green, blue = colour.parse(text)
  return red and red * 65536 + green * 256 + blue
end

local function channels(number)
  return math.floor(number / 65536), math.floor(number / 256) % 256, number % 256
end

local function luminance(number)
  return colour.luminance(channels(number))
end

local function red_light(number)
  return colour.light_of((channels(number)))
end

-- ISO/IEC 15415 grades the symbol contrast, the difference of what light and dark modules reflect: A from 70 %, B from
-- 55 %, C from 40 %, and GS1 wants a C. Scanners shine red (660 nm), in which red is as bright as white.
local CONTRAST = 0.4

--- The light in which scanners do not tell `dark` modules from a `light` ground. Cameras see by daylight; light on dark
-- counts as hidden, for many scanners do not look for it.
-- @param dark, light  0xrrggbb
-- @return "daylight" or "a scanner's red light" | nil: in both they do
function ink.hides(dark, light)
  if luminance(light) - luminance(dark) < CONTRAST then
    return "daylight"
  elseif red_light(light) - red_light(dark) < CONTRAST then
    return "a scanner's red light"
  end
end

return ink

--- The two colours of a symbol, and whether scanners tell them apart.

local ink = {}

--- A colour as a number.
-- @param text  "#rrggbb"
-- @return 0xrrggbb | nil: it is none
function ink.parse(text)
  local digits = text:match "^#(%x%x%x%x%x%x)$"
  return digits and tonumber(digits, 16)
end

-- How much light a channel sends back, 0 to 1 (IEC 61966-2-1, as WCAG 2 writes it).
local function linear(byte)
  local part = byte / 255
  return part <= 0.04045 and part / 12.92 or ((part + 0.055) / 1.055) ^ 2.4
end

local function channels(number)
  return linear(math.floor(number / 65536)), linear(math.floor(number / 256) % 256), linear(number % 256)
end

local function luminance(number)
  local r, g, b = channels(number)
  return 0.2126 * r + 0.7152 * g + 0.0722 * b
end

-- ISO/IEC 15415 grades the symbol contrast, the difference of what light and dark modules reflect: A from 70 %, B from
-- 55 %, C from 40 %, and GS1 wants a C. Scanners shine red (660 nm), in which red is as bright as white.
local CONTRAST = 0.4

--- The light in which scanners do not tell `dark` modules from a `light` ground. Cameras see by daylight; light on dark
-- counts as hidden, for many scanners do not look for it.
-- @param dark, light  0xrrggbb
-- @return "daylight" or "a scanner's red light" | nil: in both they do
function ink.hides(dark, light)
  local red_of_dark, red_of_light = channels(dark), channels(light)
  if luminance(light) - luminance(dark) < CONTRAST then
    return "daylight"
  elseif red_of_light - red_of_dark < CONTRAST then
    return "a scanner's red light"
  end
end

return ink

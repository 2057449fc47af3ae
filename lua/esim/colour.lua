--- Colours as "#rrggbb", and how much light they give.

local colour = {}

--- The channels of a colour.
-- @param text  "#rrggbb"
-- @return red, green, blue (0 to 255), or nil
function colour.parse(text)
  local red, green, blue = text:match("^#(%x%x)(%x%x)(%x%x)$")
  if red then
    return tonumber(red, 16), tonumber(green, 16), tonumber(blue, 16)
  end
end

--- One channel's share of the light, 0 to 1 (IEC 61966-2-1, as WCAG 2.2 writes it).
-- @param channel  0 to 255
function colour.light_of(channel)
  local share = channel / 255
  return share <= 0.04045 and share / 12.92 or ((share + 0.055) / 1.055) ^ 2.4
end

--- The relative luminance of a colour, 0 to 1 (WCAG 2.2).
-- @param red, green, blue  0 to 255
function colour.luminance(red, green, blue)
  return 0.2126 * colour.light_of(red) + 0.7152 * colour.light_of(green) + 0.0722 * colour.light_of(blue)
end

return colour

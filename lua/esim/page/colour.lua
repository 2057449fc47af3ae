--- Whether colours ("#rrggbb") can be read: contrast as WCAG 2.2 defines it, and what has enough of it.

local parse = require("esim.colour").parse
local luminance = require("esim.colour").luminance

local colour = {}

--- The contrast of two colours, from 1 to 21.
function colour.contrast(a, b)
  local first, second = luminance(parse(a)), luminance(parse(b))
  return (math.max(first, second) + 0.05) / (math.min(first, second) + 0.05)
end

--- What is read on a ground: white, or black where white has less contrast than 4.5. One of them always has that.
function colour.on(ground)
  return colour.contrast("#ffffff", ground) >= 4.5 and "#ffffff" or "#000000"
end

-- `share` of `other` mixed into a colour.
local function mix(text, other, share)
  local red, green, blue = parse(text)
  local to_red, to_green, to_blue = parse(other)
  local function one(from, to) return math.floor(from + (to - from) * share + 0.5) end
  return ("#%02x%02x%02x"):format(one(red, to_red), one(green, to_green), one(blue, to_blue))
end

--- The colour itself, or as little darker or lighter as it takes to be read on a ground.
-- @param text    "#rrggbb"
-- @param ground  "#rrggbb"
-- @param ratio   contrast that is wanted (4.5 for text)
function colour.legible(text, ground, ratio)
  local towards = colour.on(ground)
  for step = 0, 32 do
    local tried = mix(text, towards, step / 32)
    if colour.contrast(tried, ground) >= ratio then
      return tried
    end
  end
  return towards
end

return colour

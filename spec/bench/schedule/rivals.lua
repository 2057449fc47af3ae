--- Schedules: each a function(scale) that makes one, see world.run; `scale` 1 is as shipped.

local core = require "esim.core"

local rivals = {}

-- What grows from `first` by `factor` up to `cap` seconds; `spread(interval, chance)`.
local function growing(first, factor, cap, spread)
  return function(scale)
    return {
      next = function(last, looks, chance)
        local interval = math.min(first * factor ^ looks, cap) * scale
        return last + (spread and spread(interval, chance, scale) or interval)
      end,
    }
  end
end

-- Full jitter: a client that asks at random asks soon after it has asked as often as late.
rivals.jittered = growing(1, 1.5, 20, function(interval, chance) return math.max(interval * chance, 1e-3) end)

-- Google's clients for long-running operations (gax): 1 s, by 1.5 up to 45 s.
rivals.google = growing(1, 1.5, 45)

-- AWS' waiters (Smithy's specification): at random between 2 s and what doubles from there up to 120 s.
rivals.aws = growing(2, 2, 120, function(interval, chance, scale)
  return 2 * scale + (interval - 2 * scale) * chance
end)

rivals.doubling = growing(1, 2, 64, function(interval, chance) return interval * (0.9 + 0.2 * chance) end)

rivals.fixed = growing(5, 1, 5, function(interval, chance) return interval * (0.9 + 0.2 * chance) end)

--- The engine's own, learning; the scale is its price.
function rivals.ours(price)
  local experience, options = core.experience(), { price = price }
  return {
    next = function(last, looks, chance, together)
      return experience:next_look(options, last, looks, chance, together)
    end,
    learn = function(from, to, done) experience:learn(from, to, done) end,
  }
end

--- The same without experience.
function rivals.unlearned(price)
  local options = { price = price }
  return {
    next = function(last, looks, chance, together) return core.next_look(options, last, looks, chance, together) end,
  }
end

return rivals

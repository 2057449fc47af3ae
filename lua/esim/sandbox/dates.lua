--- Points in time as the provider writes them: ISO 8601, UTC.

local dates = {}

--- With milliseconds, cut off: `2020-04-24T15:39:02.002Z`.
function dates.text(seconds)
  local whole = math.floor(seconds)
  -- A millisecond is not always a sum of powers of two: a thousandth of one is added before the rest is cut off.
  local milliseconds = math.floor((seconds - whole) * 1000 + 0.001)
  return os.date("!%Y-%m-%dT%H:%M:%S", whole) .. (".%03dZ"):format(milliseconds)
end

--- Without a fraction, as in v2: `2020-12-04T17:20:38Z`.
function dates.seconds(seconds)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", math.floor(seconds))
end

-- Days from 1970-01-01 in the proleptic Gregorian calendar.
local function days(year, month, day)
  local y = month <= 2 and year - 1 or year
  local m = (month + 9) % 12
  return 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * m + 2) / 5) + day - 1 - 719468
end

--- Seconds since 1970 of `2020-04-24T15:39:02.002Z`, or nil.
function dates.parse(text)
  local year, month, day, hour, minute, second, zone =
    tostring(text):match("^(%d%d%d%d)-(%d%d)-(%d%d)T(%d%d):(%d%d):(%d%d%.?%d*)(.*)$")
  if not year or not (zone == "Z" or zone == "+0000" or zone == "+00:00") then
    return nil
  end
  local at = days(tonumber(year), tonumber(month), tonumber(day)) * 86400
    + hour * 3600 + minute * 60 + tonumber(second)
  local again = os.date("!%Y-%m-%dT%H:%M:", at)
  return again == ("%s-%s-%sT%s:%s:"):format(year, month, day, hour, minute) and at or nil
end

return dates

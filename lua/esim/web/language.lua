--- Which of the languages that are there a browser asks for (Accept-Language, RFC 9110 section 12.5.4).

local language = {}

-- One range and its weight, from 0 (not at all) to 1; nil for what is none.
local function read(part)
  local range, parameters = part:match("^%s*([%a%d*-]+)%s*(.*)$")
  if not range then
    return nil
  end
  local weight = parameters:match("^;%s*[qQ]=([%d.]+)%s*$")
  return range:lower(), parameters == "" and 1 or tonumber(weight) or 0
end

--- The language that is liked best; of two that are liked equally the first.
-- @param header  text, or nil
-- @param names   list of languages that are there, such as "en"
-- @return one of them, or nil
function language.choose(header, names)
  local known, best, most = {}, nil, 0
  for _, name in ipairs(names) do
    known[name] = true
  end
  for part in (header or ""):gmatch("[^,]+") do
    local range, weight = read(part)
    local name = range and (known[range] and range or range:match("^%a+"))
    if name and known[name] and weight > most then
      best, most = name, weight
    end
  end
  return best
end

return language

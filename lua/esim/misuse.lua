--- Misuse of options, unknown ones and wrong types, raises at the caller's line.

local misuse = {}

local NONE = {}

--- Raise unless `given` is a table that holds what `types` names.
-- @param given  what the caller handed in
-- @param types  name = type, or true for one that is checked elsewhere
-- @param name   of the function that was called
-- @param level  as for `error`, seen from our caller
-- @param least  name = the least that a number may be, as in `range`; or nil
function misuse.check(given, types, name, level, least)
  if type(given) ~= "table" then
    error(name .. ": table of options expected, got " .. type(given), level + 1)
  end
  for key, value in pairs(given) do
    local expected = types[key]
    if not expected then
      error(name .. ": unknown option " .. tostring(key), level + 1)
    elseif expected ~= true and type(value) ~= expected then
      error(name .. ": " .. key .. " must be a " .. expected .. ", not a " .. type(value), level + 1)
    end
  end
  for key, bound in pairs(least or NONE) do  -- not of what pairs gives alone: an option may be inherited
    misuse.range(given, key, bound, name, level + 1)
  end
end

--- Raise where the number `key`, if it is given, is less than `least`, no number, or beyond all bounds.
function misuse.range(given, key, least, name, level)
  local value = given[key]
  if value ~= nil and not (value >= least and value < 1e9) then
    error(name .. ": " .. key .. " must be at least " .. least .. " and less than 1e9", level + 1)
  end
end

--- A copy, for nothing is to change under our hands.
function misuse.copy(given)
  local own = {}
  for key, value in pairs(given) do
    own[key] = value
  end
  return own
end

--- The options as a table of our own: the core reads no metatable, and nothing changes under our hands.
-- @return the copy, checked
function misuse.gather(given, types, name, level)
  misuse.check(given, types, name, level + 1)
  local own = {}
  for key in pairs(types) do
    own[key] = given[key]
  end
  misuse.check(own, types, name, level + 1)
  return own
end

return misuse

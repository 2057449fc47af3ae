--- First come, first served.

local queue = {}

local LONG = 1024  -- places; a table of more is not kept once it is empty: Lua would never make it smaller

--- @return what is empty: `things` by the places from `first` to `last`
function queue.new()
  return { first = 1, last = 0, things = {} }
end

--- Put `thing`, not nil, at the end.
function queue.put(line, thing)
  local place = line.last + 1
  line.things = line.things or {}
  line.things[place] = thing  -- which may find no memory: then it is not in
  line.last = place
end

local function reset(line)
  if line.last > LONG then
    line.things = false
  end
  line.first, line.last = 1, 0
end

--- Take out the first one.
-- @return thing | nil: it is empty
function queue.take(line)
  local first = line.first
  if first > line.last then
    reset(line)
    return nil
  end
  local things = line.things
  local thing = things[first]
  things[first], line.first = nil, first + 1
  return thing
end

return queue

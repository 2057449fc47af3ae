--- First come, first served.

local queue = {}

--- @return what is empty: things by the places from `first` to `last`
function queue.new()
  return { first = 1, last = 0 }
end

--- Put `thing`, not nil, at the end.
function queue.put(line, thing)
  local place = line.last + 1
  line[place] = thing  -- which may find no memory: then it is not in
  line.last = place
end

--- Take out the first one.
-- @return thing | nil: it is empty
function queue.take(line)
  local thing = line[line.first]
  if thing == nil then
    line.first, line.last = 1, 0
    return nil
  end
  line[line.first] = nil
  line.first = line.first + 1
  return thing
end

return queue

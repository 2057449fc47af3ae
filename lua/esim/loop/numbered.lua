--- Many things by their numbers, in tables that stay small: Lua's collector goes through a table in one go, and with a
-- hundred thousand entries stops the world for that long.

local numbered = {}
numbered.__index = numbered

local PAGE = 256  -- things; a page is found by the number of its first one

-- Numbers are asked for with each exchange: no function stands for what is written more than once here.

--- @return what is empty, with `count`
function numbered.new()
  return setmetatable({ count = 0 }, numbered)
end

--- The thing of a number, or nil.
function numbered.get(all, number)
  local place = number % PAGE
  local page = all[number - place]
  return page and page[place + 1]
end

--- Put in `thing`, which is not there yet.
function numbered.put(all, number, thing)
  local place = number % PAGE
  local page = all[number - place]
  if not page then
    page = {}
    all[number - place] = page
  end
  page[place + 1] = thing
  all.count = all.count + 1
end

--- Take out what is there. No memory is taken.
function numbered.drop(all, number)
  local place = number % PAGE
  all[number - place][place + 1] = nil
  all.count = all.count - 1
end

--- All of them, as a list.
function numbered.list(all)
  local list = {}
  for first, page in pairs(all) do
    if first ~= "count" then
      for _, thing in pairs(page) do
        list[#list + 1] = thing
      end
    end
  end
  return list
end

return numbered

--- Many things by their numbers, in tables that stay small: Lua's collector goes through a table in one go, and with a
-- hundred thousand entries stops the world for that long.

local numbered = {}
numbered.__index = numbered

local PAGES = 1024

-- In its page a thing is at the number divided by PAGES, and one more: pages that fill in step stay arrays. Numbers are
-- asked for with each exchange: no function stands for that.

--- @return what is empty, with `count`
function numbered.new()
  return setmetatable({ count = 0 }, numbered)
end

--- The thing of a number, or nil.
function numbered.get(all, number)
  local place = number % PAGES
  local page = all[place]
  return page and page[(number - place) / PAGES + 1]
end

--- Put in `thing`, which is not there yet.
function numbered.put(all, number, thing)
  local place = number % PAGES
  local page = all[place] or {}
  page[(number - place) / PAGES + 1], all[place] = thing, page
  all.count = all.count + 1
end

--- Take out what is there. No memory is taken.
function numbered.drop(all, number)
  local place = number % PAGES
  all[place][(number - place) / PAGES + 1] = nil
  all.count = all.count - 1
end

--- All of them, as a list.
function numbered.list(all)
  local list = {}
  for place = 0, PAGES - 1 do
    for _, thing in pairs(all[place] or {}) do
      list[#list + 1] = thing
    end
  end
  return list
end

return numbered

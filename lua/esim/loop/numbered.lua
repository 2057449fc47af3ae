--- Many things by their numbers, in tables that stay small: Lua's collector goes through a table in one go, and with a
-- hundred thousand entries stops the world for that long.

local numbered = {}

local PAGES = 1024

local Numbered = {}
Numbered.__index = Numbered

-- In its page a thing is at the number divided by PAGES, and one more: pages that fill in step stay arrays. Numbers are
-- asked for with each exchange: no function stands for that.

--- @return what is empty, with `count`
function numbered.new()
  return setmetatable({ count = 0 }, Numbered)
end

--- The thing of a number, or nil.
function Numbered:get(number)
  local place = number % PAGES
  local page = self[place]
  return page and page[(number - place) / PAGES + 1]
end

--- Put in `thing`, which is not there yet.
function Numbered:put(number, thing)
  local place = number % PAGES
  local page = self[place] or {}
  page[(number - place) / PAGES + 1], self[place] = thing, page
  self.count = self.count + 1
end

--- Take out what is there. No memory is taken.
function Numbered:drop(number)
  local place = number % PAGES
  self[place][(number - place) / PAGES + 1] = nil
  self.count = self.count - 1
end

--- All of them, as a list.
function Numbered:list()
  local list = {}
  for place = 0, PAGES - 1 do
    for _, thing in pairs(self[place] or {}) do
      list[#list + 1] = thing
    end
  end
  return list
end

return numbered

--- Lists that come in pages, for a `for` loop.

local err = require "esim.err"
local loop = require "esim.loop"
local protect = require "esim.protect"

local paging = {}

local MOST = 10000  -- pages: a provider that never ends the list has no say in how long we ask
local EMPTY = 10    -- pages without an entry in a row

-- Whether the list goes on at page `name`: false and why not.
local function may_go_on(state, name)
  if state.seen[name] then
    return false, "its pages go round in a circle"
  elseif state.count >= MOST then
    return false, "it has more than " .. MOST .. " pages"
  elseif state.empty >= EMPTY then
    return false, EMPTY .. " pages of it in a row are empty"
  end
  state.seen[name] = true
  return true
end

-- Fetch the next page into `state`: true | nil, err.
local function advance(state)
  local list, after, context = state.fetch(state.page)
  if not list then
    return nil, after
  end
  state.id = context and context.correlation_id
  state.list, state.at, state.count = list, 0, state.count + 1
  state.empty = #list == 0 and state.empty + 1 or 0
  state.page, state.last = after, after == nil
  return true
end

-- The next page where there is one: true, false (the list is over) | nil, err.
local function turn(state)
  if state.last then
    return false
  elseif state.page then
    local ok, why = may_go_on(state, state.page)
    if not ok then
      return nil, err.new("answer", {
        message = "the list cannot be read to its end: " .. why, correlation_id = state.id,
      })
    end
  end
  return advance(state)
end

--- Walk a list, for who calls what this returns himself. It asks for a page when it is needed.
-- @param fetch  function(page), page is nil at first: list, name of the next page or nil, { correlation_id } or nil |
--   nil, err
-- @param first  name of the page that `fetch` begins with, where it is known
-- @param name   of the function of ours that was called
-- @return iterator: each entry; false, err where a page cannot be had, and nothing after that
function paging.walk(fetch, first, name)
  local state = { fetch = fetch, list = {}, at = 0, count = 0, empty = 0, seen = {} }
  if first ~= nil then
    state.seen[tostring(first)] = true
  end
  return function()
    while state.at >= #state.list do
      if not state.last then
        loop.check(name)
      end
      local on, e = turn(state)
      if on == nil then
        state.list, state.at, state.last = {}, 0, true
        return false, e
      elseif not on then
        return nil
      end
    end
    state.at = state.at + 1
    return state.list[state.at]
  end
end

-- All that `step` gives, before anybody takes it.
local function gather(step)
  local list, at = {}, 0
  local item, e = step()
  while item do
    list[#list + 1] = item
    item, e = step()
  end
  return function()
    at = at + 1
    if at == #list + 1 and item == false then
      return false, e
    end
    return list[at]
  end
end

--- Walk a list, for a `for` loop; in a coroutine of Lua 5.1 all of it is fetched here, before the loop begins.
-- @return as paging.walk
function paging.each(fetch, first, name)
  local step = paging.walk(fetch, first, name)
  if not protect.may_iterate() then
    return gather(step)
  end
  return step
end

return paging

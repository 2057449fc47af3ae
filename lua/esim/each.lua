--- Many orders waited for at once without a coroutine for each: an iterator that yields them as they end.
-- With a coroutine each, Lua 5.4's collector stops the world for one to two microseconds for every order that waits:
-- beyond ten thousand of them this is the way.

local err = require "esim.err"
local loop = require "esim.loop"
local misuse = require "esim.misuse"
local numbered = require "esim.loop.numbered"
local order = require "esim.order"
local protect = require "esim.protect"
local state = require "esim.order.state"
local told_wait = require "esim.log.wait"
local wait = require "esim.order.wait"

local each = {}

local inner = setmetatable({}, { __mode = "k" })  -- of each iterator, what no caller is to see

-- A wait that enters the queue of its `hub` when it is woken. `place` is its number among its iterator's. Nothing that
-- the loop holds leads to the iterator itself: who drops that has it collected.
local Look = setmetatable({}, wait.Wait)
Look.__index = Look

-- Wake all who wait for a look: several coroutines may share an iterator.
local function ring(hub)
  while hub.bell do
    local bell = hub.bell
    hub.bell = bell.after or false
    loop.settle(bell)
  end
end

-- In the queue `ready` is the look behind it, or true: to enter it takes no memory, for want of which what came back
-- would be lost.
function Look:wake()
  local hub = self.hub
  self.ready = true
  if hub.last then
    hub.last.ready = self
  else
    hub.first = self
  end
  hub.last = self
  ring(hub)
end

local function next_woken(hub)
  local look = hub.first
  if look then
    hub.first = look.ready ~= true and look.ready
    hub.last = hub.first and hub.last
    look.ready = look.id and true  -- one that could not begin has nothing yet
  end
  return look
end

local function tell(one, word, outcome)
  local told = state.client(one).log
  if told then
    told_wait.tell(told, state.told(one), word, outcome)
  end
end

-- Whether it was still there: who steps and who closes may be two.
local function drop(mine, look)
  local there = mine.looks:get(look.place) == look
  if there then
    mine.looks:drop(look.place)
  end
  look:stop()
  if mine.looks.count == 0 then
    ring(mine.hub)  -- nothing more comes for the others who wait
  end
  return there
end

-- The step of a wait that has ended: what the iterator gives.
local function conclude(mine, look, e)
  local there = drop(mine, look)
  local profile, failure = state.outcome(look.order)
  e = not profile and (failure or e) or nil
  if there then
    pcall(tell, look.order, "ended", profile and "completed" or e.kind)  -- what ended is not lost for want of memory
  end
  return look.order, profile, e
end

-- Have `look` do what may wait, or raise: then it is as before.
local function attempt(mine, look, f)
  local ok, on, e = protect.call(f, look, mine.options)
  if not ok then
    Look.wake(look)
    error(on, 0)
  end
  return on, e
end

-- The next order that is not waited for yet: order | nil, or what names none and why. What the source gave once is
-- `taken` until it is waited for, or given: what raises meanwhile does not lose it.
local function next_order(mine)
  local one = mine.taken or mine.source()
  if one == nil then
    return nil
  elseif order.is(one) then
    mine.taken = one
    return one
  elseif type(one) ~= "string" then
    mine.taken = false
    error("esim.each: an order, a saved line or an id expected, got " .. type(one), 0)
  end
  mine.taken = one
  local resumed, e = mine.client:resume(one)
  return resumed or one, e
end

local function start(look, options)
  tell(look.order, "begun")
  return look:start(options)
end

local function new_look(mine, one)
  local look = wait.new(one, mine.options, Look, mine.deadline)
  look.hub, look.place, mine.deadline, mine.begun = mine.hub, mine.begun, look.deadline, mine.begun + 1
  mine.looks:put(look.place, look)
  mine.taken = false
  return look
end

-- Begin to wait for all, or up to one that ends at once: its step | nil.
local function begin(mine)
  while mine.source do
    local one, e = next_order(mine)
    if one == nil then
      mine.source = nil
    elseif e then
      mine.taken = false
      return err.redact(one), nil, e
    elseif state.is_final(one) then
      local profile, failure = state.outcome(one)
      mine.taken = false
      return one, profile, failure
    else
      local look = new_look(mine, one)
      local on, reason = attempt(mine, look, start)
      if not on then
        return conclude(mine, look, reason)
      end
    end
  end
end

-- Wait until a look has something to say.
local function await(mine)
  local hub, bell = mine.hub, loop.any()
  bell.after, hub.bell = hub.bell, bell
  local ok, reason = protect.call(loop.await, bell)
  if not ok then
    error(reason, 0)
  end
end

-- The next order that ended.
local function next_ended(mine)
  local one, profile, e = begin(mine)
  while one == nil and mine.looks.count > 0 do
    local look = next_woken(mine.hub)
    if not look then
      await(mine)
    else
      local on
      on, e = attempt(mine, look, look.id and look.proceed or look.start)
      if not on then
        return conclude(mine, look, e)
      end
    end
  end
  return one, profile, e
end

-- Wait for all: where the iterator itself may not.
local function gather(mine)
  local steps = { first = 1 }
  repeat
    local one, profile, e = next_ended(mine)
    steps[#steps + 1] = { one, profile, e }
  until one == nil
  return steps
end

local function step(mine)
  local gathered = mine.gathered
  if not gathered then
    return next_ended(mine)
  end
  local ended = gathered[gathered.first] or {}
  gathered.first = gathered.first + 1
  return ended[1], ended[2], ended[3]
end

local Each = {}
Each.__index = Each

function Each:__tostring()
  return ("esim.each: %d orders"):format(inner[self].looks.count)
end

--- The next order that ended.
-- @return order, profile | order, nil, err; nil where none is left. What names no order is given in its place
function Each:__call()
  loop.check("esim.each")
  return step(inner[self])
end

--- End what is left of it; the orders live on. In Lua 5.4 `for` does so itself.
function Each:close()
  local mine = inner[self]
  mine.source, mine.gathered = nil, mine.gathered and { first = 1 }
  for _, look in ipairs(mine.looks:list()) do
    if drop(mine, look) then
      pcall(tell, look.order, "ended", "cancelled")
    end
  end
end

Each.__close = Each.close

function Each:__gc()
  pcall(Each.close, self)  -- the inbox may be closed already
end

local function source_of(orders)
  if type(orders) == "function" then
    return orders
  end
  local i = 0
  return function()
    i = i + 1
    return orders[i]
  end
end

--- Wait for many orders; to be used in `for order, profile, err in esim.each(…) do`. In a coroutine of Lua 5.1 all of
-- them are waited for here, before the loop begins.
-- @param client   client, by which what is no order is resumed
-- @param orders   list, or function that returns the next one or nil: orders, saved lines, ids
-- @param options  as for order:wait. The seconds of `timeout` begin with the first step, for all of them. `on_status`
--   is called within a step
-- @return iterator, see Each:__call, which has `close`, for those who break off their loop in Lua 5.1 to 5.3 and
--   LuaJIT; and what Lua 5.4's `for` closes
function each.new(client, orders, options)
  if type(client) ~= "table" or type(client.resume) ~= "function" then
    error("esim.each: client expected, got " .. type(client), 2)
  elseif type(orders) ~= "table" and type(orders) ~= "function" then
    error("esim.each: list of orders, or function that returns them, expected, got " .. type(orders), 2)
  end
  wait.check(options, "esim.each", 2)
  local self = setmetatable({}, Each)
  local mine = {
    client = client, source = source_of(orders), options = misuse.copy(options),
    looks = numbered.new(), begun = 0, taken = false,
    hub = { first = false, last = false, bell = false },
  }
  inner[self] = mine
  if not protect.may_iterate() then
    loop.check("esim.each")
    mine.gathered = gather(mine)
  end
  return self, nil, nil, self
end

return each

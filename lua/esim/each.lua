--- Many orders waited for at once without a coroutine for each: an iterator that yields them as they end.
-- A coroutine each takes Lua 5.4 1,200 bytes more for every order that waits.

local err = require "esim.err"
local loop = require "esim.loop"
local misuse = require "esim.misuse"
local native = require "esim.native"
local numbered = require "esim.loop.numbered"
local order = require "esim.order"
local protect = require "esim.protect"
local queue = require "esim.loop.queue"
local state = require "esim.order.state"
local told_wait = require "esim.log.wait"
local wait = require "esim.order.wait"

local each = {}

local newproxy = package.loaded._G.newproxy  -- of Lua 5.1 and LuaJIT

local inner = setmetatable({}, { __mode = "k" })  -- of each iterator, what no caller is to see

-- A wait that enters the queue `woken` of its hub when it is, and rings the hub's `bells`, on which those wait who
-- share the iterator. `place` is its number among the iterator's. Nothing that the loop holds leads to the iterator
-- itself: who drops that has it collected.
local Look = setmetatable({}, wait.Wait)
Look.__index = Look

local function ring(hub)
  for bell in pairs(hub.bells) do
    hub.bells[bell] = nil
    loop.settle(bell)
  end
end

function Look:wake()
  local hub = self.hub
  if not pcall(queue.put, hub.woken, self) then
    hub.missed = true  -- there was no memory: it is looked for
  end
  ring(hub)
end

-- @return look, what came for it | nil
local function next_woken(mine)
  local hub = mine.hub
  if hub.missed then
    local looks = mine.looks:list()
    hub.missed, hub.woken = false, queue.new()
    for _, look in ipairs(looks) do
      if look.ready then
        Look.wake(look)
      end
    end
  end
  local look
  repeat
    look = queue.take(hub.woken)
  until not look or mine.looks:get(look.place) == look and look.ready  -- one that was cancelled in the midst of its
  -- step is no more, and one may be in it twice, where there was no memory to ring
  if not look then
    return nil
  end
  local got = look.ready
  look.ready = false  -- it is in hand: nobody else is to find it
  return look, got
end

-- A log that there is no memory for hears nothing: what ended is not lost for that.
local function tell(one, word, outcome)
  local told = state.client(one).log
  if told then
    pcall(told_wait.tell, told, state.told(one), word, outcome)
  end
end

-- End a wait. One that was closed in the midst of its step has been told.
local function drop(mine, look, outcome)
  if not mine.looks:get(look.place) then
    return
  end
  mine.looks:drop(look.place)
  look:stop()
  if mine.looks.count == 0 then
    ring(mine.hub)  -- nothing more comes for the others who wait
  end
  tell(look.order, "ended", outcome)
end

-- The step of a wait that has ended: what the iterator gives.
local function conclude(mine, look, e)
  local profile, failure = state.outcome(look.order)
  e = not profile and (failure or e) or nil
  look.ready = true  -- its end wakes nobody
  drop(mine, look, profile and "completed" or e.kind)
  return look.order, profile, e
end

local function close(mine)
  mine.source, mine.gathered, mine.closed = nil, nil, true
  for _, look in ipairs(mine.looks:list()) do
    look:call_off()
    drop(mine, look, "cancelled")
  end
end

-- Have `look` begin, or take what came for it, which may wait, or raise: then it is as before, and where nothing has
-- come for it `got` is true the next time.
local function attempt(mine, look, got)
  local ok, on, e
  if not look.id then
    ok, on, e = protect.call(look.start, look, mine.options, mine.deadline)
  elseif got == true then
    return true  -- it had begun when there was no more memory
  else
    ok, on, e = protect.call(look.proceed, look, got)
  end
  if not ok then
    look.ready = look.ready or got or true
    Look.wake(look)
    error(on, 0)
  end
  return on, e
end

-- The next order that is not waited for yet: order | nil, or what names none and why | nil, what is misused. What the
-- source gave is `taken` until it is waited for, or given: what raises meanwhile does not lose it.
local function next_order(mine)
  local one = mine.taken or mine.source()
  if one == nil then
    return nil
  elseif not order.is(one) and type(one) ~= "string" then
    mine.taken = false
    return nil, "esim.each: an order, a saved line or an id expected, got " .. type(one)
  end
  mine.taken = one
  if order.is(one) then
    return one
  end
  local resumed, e = mine.client:resume(one)
  return resumed or one, e
end

local function new_look(mine, one)
  local look = wait.new(one, mine.options, Look)
  mine.deadline = mine.deadline or native.clock() + mine.options.timeout
  look.hub, look.place, mine.begun = mine.hub, mine.begun, mine.begun + 1
  mine.looks:put(look.place, look)
  mine.taken = false
  tell(one, "begun")
  return look
end

-- Begin to wait for one: its step, where it ends at once | nil.
local function begin_one(mine, one, e)
  if e or state.is_final(one) then
    mine.taken = false
    if e then
      return err.redact(one), nil, e
    end
    local profile, failure = state.outcome(one)
    return one, profile, failure
  end
  local look = new_look(mine, one)
  local on, reason = attempt(mine, look)
  if not on then
    return conclude(mine, look, reason)
  end
end

-- Begin to wait for all, or up to one that ends at once: its step | nil | nil, nil, what is misused.
local function begin(mine)
  while mine.source do
    local one, e = next_order(mine)
    if mine.closed then  -- while the source waited
      return nil
    elseif one == nil and e then
      return nil, nil, e
    elseif one == nil then
      mine.source = nil
    else
      local ended, profile, reason = begin_one(mine, one, e)
      if ended ~= nil then
        return ended, profile, reason
      end
    end
  end
end

-- Wait until a look has something to say.
local function await(mine)
  local bells, bell = mine.hub.bells, loop.any()
  bells[bell] = true
  local ok, reason = protect.call(loop.await, bell)
  bells[bell] = nil
  if not ok then
    error(reason, 0)
  end
end

-- The next order that ended | nil | nil, nil, what is misused.
local function next_ended(mine)
  local one, profile, e = begin(mine)
  while one == nil and not e and mine.looks.count > 0 do
    local look, got = next_woken(mine)
    if not look then
      await(mine)
    else
      local on
      on, e = attempt(mine, look, got)
      if not on then
        return conclude(mine, look, e)
      end
    end
  end
  return one, profile, e
end

-- Wait for all, or until something raises, where the iterator itself may not wait: it gives the steps later.
local function gather(mine)
  local steps = queue.new()
  local fine, one, profile, e
  repeat
    fine, one, profile, e = protect.call(next_ended, mine)
    queue.put(steps, fine and { one, profile, e } or { raised = true, reason = one })
  until one == nil or not fine
  close(mine)
  mine.gathered = steps
end

local function step(mine)
  if not mine.gathered then
    return next_ended(mine)
  end
  local ended = queue.take(mine.gathered) or {}
  if ended.raised then
    error(ended.reason, 0)
  end
  return ended[1], ended[2], ended[3]
end

local Each = {}
Each.__index = Each

function Each:__tostring()
  return ("esim.each: %d orders"):format(inner[self].looks.count)
end

--- The next order that ended. Several coroutines may call it at a time.
-- @return order, profile | order, nil, err; nil where none is left. What names no order is given in its place
function Each:__call()
  loop.check("esim.each")
  local one, profile, e = step(inner[self])
  if one == nil and e then
    error(e, 2)
  end
  return one, profile, e
end

--- End what is left of it; the orders live on. In Lua 5.4 `for` does so itself.
function Each:close()
  close(inner[self])
end

Each.__close = Each.close

function Each:__gc()
  pcall(Each.close, self)  -- the inbox may be closed already
end

-- Lua 5.1 and LuaJIT call no __gc of a table's: a userdata that goes with it stands in.
local function stand_in(self, mine)
  if newproxy then
    self.stand_in = newproxy(true)
    getmetatable(self.stand_in).__gc = function() pcall(close, mine) end
  end
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
    client = client, source = source_of(orders), options = misuse.copy(options), taken = false, closed = false,
    looks = numbered.new(), begun = 0, hub = { woken = queue.new(), missed = false, bells = {} },
  }
  inner[self] = mine
  stand_in(self, mine)
  if not protect.may_iterate() then
    loop.check("esim.each")
    gather(mine)
  end
  return self, nil, nil, self
end

return each

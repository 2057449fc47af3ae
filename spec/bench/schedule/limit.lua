--- The same orders where more looks are due than may go: whose turn it is, as csrc/core/turns.c has it, and otherwise.

local core = require "esim.core"
local world = require "spec.bench.schedule.world"

local limit = {}

local GRACE = 5       -- as csrc/core/due.h: seconds that the look at the deadline may be late
local QUARTER = 2 ^ 0.25

-- Longest overdue first, and newest first: the one with the least `key` is next.
local function by_key(key_of)
  return function(state)
    local heap, key = {}, {}
    return {
      put = function(id) key[id] = key_of(state, id) world.push(heap, key, id) end,
      take = function() return heap[1] and world.pop(heap, key) end,
    }
  end
end

limit.overdue = by_key(function(state, id) return state.due[id] end)
limit.newest = by_key(function(state, id) return -state.began[id] end)

-- The greatest expected unseen waiting, but looks at a deadline before all others: of each kind and about the same age
-- of the last look the oldest is looked at.
function limit.greatest(state)
  local groups, began = {}, state.began
  local function best(now)
    local most, of = -1, nil
    for group, heap in pairs(groups) do
      local id = heap[1]
      local age = now - began[id]
      local final = age >= world.DEADLINE - 1e-9
      local unseen = final and math.huge or state.lore[state.kind[id]]:unseen(state.last[id], age)
      if unseen > most or unseen == most and group < of then most, of = unseen, group end
    end
    return of
  end
  return {
    put = function(id)
      local last = state.last[id]
      local bin = last < 0.25 and 0 or 1 + math.floor(math.log(last / 0.25) / math.log(QUARTER))
      local group = 64 * state.kind[id] + bin
      groups[group] = groups[group] or {}
      world.push(groups[group], began, id)
    end,
    take = function(now)
      local group = best(now)
      local id = group and world.pop(groups[group], began)
      if group and not groups[group][1] then groups[group] = nil end
      return id
    end,
  }
end

local function begin(orders, policy)
  local state = {
    began = orders.began, takes = orders.takes, kind = orders.kind, last = {}, due = {}, lore = {},
  }
  for _, kind in ipairs(orders.kind) do
    state.lore[kind] = state.lore[kind] or core.experience()
  end
  state.queue = policy(state)
  return state
end

--- Look at all orders with `rate` looks a second, by the engine's schedule.
-- @return mean delay in seconds from completion to the look that sees it, or to the end of the wait that does not; the
--   longest one; how many were not seen
function limit.run(orders, policy, rate, seed)
  local random, state = world.random(seed), begin(orders, policy)
  local began, takes, last, due, looks, timers = state.began, state.takes, state.last, state.due, {}, {}
  local options, sum, longest, completed, missed = { price = 1 }, 0, 0, 0, 0
  local function plan(id)
    local age = state.lore[state.kind[id]]:next_look(options, last[id], looks[id], random(), false)
    due[id] = began[id] + math.min(age, world.DEADLINE)
    world.push(timers, due, id)
  end
  local function count(id, seen_at)
    if takes[id] >= world.DEADLINE then return end
    local delay = seen_at - takes[id]
    sum, longest, completed = sum + delay, math.max(longest, delay), completed + 1
  end
  local function look(id, now)
    local age = now - began[id]
    if age > world.DEADLINE + GRACE then
      missed = missed + (takes[id] < world.DEADLINE and 1 or 0)
      count(id, world.DEADLINE + GRACE)
      return false
    end
    local done = age >= takes[id]
    state.lore[state.kind[id]]:learn(last[id], age, done)
    if done then
      count(id, age)
    elseif age < world.DEADLINE - 1e-9 then
      last[id], looks[id] = age, looks[id] + 1
      plan(id)
    end
    return true
  end
  for id = 1, #began do
    last[id], looks[id], due[id] = 0, 0, began[id]  -- planned when it begins: what is known then counts
    world.push(timers, due, id)
  end
  local now, waiting, started = 0, 0, {}
  while timers[1] or waiting > 0 do
    if waiting == 0 then now = math.max(now, due[timers[1]]) end
    while timers[1] and due[timers[1]] <= now do
      local id = world.pop(timers, due)
      if started[id] then
        state.queue.put(id)
        waiting = waiting + 1
      else
        started[id] = true
        plan(id)
      end
    end
    local id = state.queue.take(now)
    if id then
      waiting = waiting - 1
      if look(id, now) then now = now + 1 / rate end
    end
  end
  return sum / completed, longest, missed
end

return limit

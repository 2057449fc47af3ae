--- Orders that overlap in time, looked at by a schedule, which knows of a completion by its looks alone. No clock, and
-- a random source of its own: the same under every Lua.

local world = {}

world.DEADLINE = 600  -- seconds, at which the last look happens
local NEVER = 0.02    -- of the orders are never completed
local EVERY = 0.2     -- seconds between two orders, on average
local TOGETHER = 1    -- as csrc/core/dispatch.c

--- A source of numbers in (0, 1): Park and Miller's.
function world.random(seed)
  local state = seed
  return function()
    state = state * 16807 % 2147483647
    return state / 2147483647
  end
end

local function normal(random)
  return math.sqrt(-2 * math.log(random())) * math.cos(2 * math.pi * random())
end

local function lognormal(median, sigma)
  return function(random) return median * math.exp(sigma * normal(random)) end
end

local early, late = lognormal(5, 0.3), lognormal(60, 0.3)

--- What orders take, in seconds: name = function(random, part of all orders that came before).
world.TIMES = {
  { name = "median 3 s", of = lognormal(3, 0.5) },
  { name = "median 20 s", of = lognormal(20, 0.8) },
  { name = "70 % 2 s, 30 % 90 s", of = function(random)
    return (random() < 0.7 and 2 or 90) * math.exp(0.3 * normal(random))
  end },
  { name = "8 s, give or take 1", of = function(random) return math.max(0.1, 8 + normal(random)) end },
  { name = "5 s turning 60 s", of = function(random, part) return (part < 0.5 and early or late)(random) end },
  { name = "wide and flat: median 120 s, sigma 1.2", of = lognormal(120, 1.2) },
}

--- Orders: when they begin, what each takes, of which kind it is.
-- @param kinds  list of some of world.TIMES: each order is one of them, by chance
-- @param every  seconds between two orders, on average; default 0.2
function world.orders(kinds, count, seed, every)
  local random, orders, now = world.random(seed), { began = {}, takes = {}, kind = {} }, 0
  for i = 1, count do
    now = now - (every or EVERY) * math.log(random())
    local kind = #kinds == 1 and 1 or math.min(#kinds, 1 + math.floor(#kinds * random()))
    local time = kinds[kind].of(random, (i - 1) / count)
    orders.began[i], orders.kind[i] = now, kind
    orders.takes[i] = random() < NEVER and math.huge or time
  end
  return orders
end

-- A heap of orders, that with the least `due[id]` first.
local function push(heap, due, id)
  local i, at = #heap + 1, due[id]
  while i > 1 do
    local up = (i - i % 2) / 2
    if due[heap[up]] <= at then break end
    heap[i], i = heap[up], up
  end
  heap[i] = id
end

local function pop(heap, due)
  local first, last, size = heap[1], heap[#heap], #heap - 1
  heap[size + 1] = nil
  local i = 1
  while size > 0 do
    local down = 2 * i
    if down > size then break end
    if down < size and due[heap[down + 1]] < due[heap[down]] then down = down + 1 end
    if due[heap[down]] >= due[last] then break end
    heap[i], i = heap[down], down
  end
  if size > 0 then heap[i] = last end
  return first
end

world.push, world.pop = push, pop

--- Look at all orders until each is seen completed, or its deadline is over.
-- @param schedule  next(last, looks, chance, together): age of the next look; learn(from, to, done), or nil
-- @return looks an order, mean delay in seconds from completion to the look that sees it
function world.run(orders, schedule, seed)
  local random, next_age, learn = world.random(seed), schedule.next, schedule.learn
  local began, takes, last, looks, due, heap = orders.began, orders.takes, {}, {}, {}, {}
  local count, looked, seen, delay, entered = #began, 0, 0, 0, 1
  local function plan(id, together)
    local age = next_age(last[id], looks[id], random(), together)
    due[id] = began[id] + math.min(age, world.DEADLINE)
    push(heap, due, id)
  end
  local function enter()
    local id = entered
    entered, last[id], looks[id] = id + 1, 0, 0
    plan(id, id > 1 and began[id] - began[id - 1] < TOGETHER)
  end
  while entered <= count or heap[1] do
    while entered <= count and not (heap[1] and due[heap[1]] < began[entered]) do enter() end
    local id = pop(heap, due)
    local age, done = due[id] - began[id], due[id] - began[id] >= takes[id]
    looked, looks[id] = looked + 1, looks[id] + 1
    if learn then learn(last[id], age, done) end
    if done then
      seen, delay = seen + 1, delay + age - takes[id]
    elseif age < world.DEADLINE - 1e-9 then
      last[id] = age
      plan(id)
    end
  end
  return looked / count, delay / seen
end

--- The scale of a schedule at which what it costs is `wanted`, to half a per cent where there is such a one.
-- @param make   function(scale): schedule
-- @param which  "looks" or "delay"
-- @return looks, delay, scale
function world.match(orders, make, which, wanted, seed)
  local power = which == "looks" and -0.7 or 1  -- of the scale, about
  local scale, below, above = 1, nil, nil
  local looks, delay
  for _ = 1, 20 do
    looks, delay = world.run(orders, make(scale), seed)
    local ratio = wanted / (which == "looks" and looks or delay)
    if math.abs(ratio - 1) < 0.005 then break end
    local step = ratio ^ (1 / power)
    if step > 1 then below = scale else above = scale end
    scale = scale * math.max(0.1, math.min(10, step))
    if below and above and (scale <= below or scale >= above) then scale = math.sqrt(below * above) end
  end
  return looks, delay, scale
end

return world

-- With counting.c preloaded, at the server of crowd_spec.lua: how often sockets were let alone while few slow answers
-- were awaited, and then many; while fast ones were, beside many slow ones; and how long the fastest of these took.

local esim, rests = require "esim", require "esim_counting"
local clock = require("esim.core").clock

local client = assert(esim.client { url = arg[1], token = "token", connections = 256 })

local function look(id)
  assert(assert(client:resume(id)):poll { timeout = 20 })
end

-- That many at once, a number of times: how often sockets were let alone.
local function crowd(count, times)
  local before = rests()
  esim.run(function()
    for i = 1, count do
      esim.spawn(function()
        for n = 1, times do look(("slow-%d-%d"):format(i, n)) end
      end)
    end
  end)
  return rests() - before
end

local function fast_beside_slow()
  local before, fastest = nil, math.huge
  esim.run(function()
    for i = 1, 100 do esim.spawn(look, "late-" .. i) end
    for i = 1, 20 do
      local at = clock()
      look("fast-" .. i)
      fastest = math.min(fastest, clock() - at)
      before = before or rests()
    end
    before = rests() - before
  end)
  return before, fastest
end

print(crowd(32, 3), crowd(100, 3), fast_beside_slow())

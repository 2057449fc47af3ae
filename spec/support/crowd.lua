-- With counting.c preloaded, at the server of crowd_spec.lua: when sockets were let alone. A line for each case.

local esim, rests = require "esim", require "esim_counting"
local clock = require("esim.core").clock
local peer = require "esim_peer"

local CROWD = 100
local FAST = 0.004  -- seconds

local function open(url, timeout)
  return assert(esim.client { url = url, token = "token", connections = 256, timeout = timeout })
end

local client = open(arg[1])

local function look(id)
  assert(assert(client:resume(id)):poll { timeout = 20 })
end

-- That many at once, a number of times: how often sockets were let alone.
local function crowd(count, times)
  local before, jobs = (rests()), {}
  for i = 1, count do
    jobs[i] = function()
      for n = 1, times do look(("slow-%d-%d"):format(i, n)) end
    end
  end
  esim.run(esim.all, jobs)
  return (rests()) - before
end

-- Nothing is answered: how long before the first time-out they were let alone for the last time.
local function until_time_out()
  local hasty, last = open(arg[1], 0.4), nil
  esim.run(function()
    for i = 1, CROWD do
      esim.spawn(function()
        local _, e = assert(hasty:resume("late-" .. i)):poll()
        assert(e.kind == "unavailable", e)
        last = last or clock() - select(2, rests())
      end)
    end
  end)
  return last
end

-- Beside one whose connection is not ready: how often.
local function beside_handshake()
  local descriptor, port = peer.listen()
  local mute = assert(open("https://127.0.0.1:" .. port, 20):resume "mute")
  local count
  esim.run(function()
    esim.spawn(mute.wait, mute, { timeout = 20, first = 0.001 })
    esim.sleep(0.05)
    count = crowd(CROWD, 2)
    mute:cancel()
  end)
  peer.close(descriptor)
  return count
end

-- Fast ones beside slow ones: how often from the first one on that took less than FAST; -1: none did.
local function beside_fast()
  local before
  esim.run(function()
    for i = 1, CROWD do esim.spawn(look, "late-" .. i) end
    for i = 1, 20 do
      local at = clock()
      look("fast-" .. i)
      before = before or clock() - at < FAST and (rests()) or nil
    end
    before = before and (rests()) - before or -1
  end)
  return before
end

print("few", crowd(32, 3))
print("many", crowd(CROWD, 3))
print("time-out", until_time_out())
print("handshake", beside_handshake())
print("fast", beside_fast())

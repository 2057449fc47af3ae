-- One process of spec/bench/waiting: `lua one.lua MODE COUNT URL SECONDS`. So many orders wait, and about 1,000 looks a
-- second are due. Prints the seconds until all were submitted, bytes each of the whole process beyond what it had
-- before, MiB of the whole process, lateness of the looks (p50, p99, ms; -1: not known), the longest piece of work of
-- Lua and its collector together (ms), looks that came back, CPU in percent of a core.
--   core    polls of the core's own, each with its time: no Lua object each
--   each    esim.each
--   tasks   a task each

package.path = "./?.lua;" .. package.path
local core = require "esim.core"
local esim = require "esim"
local process = require "esim_process"

local MODE, COUNT, URL, SECONDS = arg[1], tonumber(arg[2]), arg[3], tonumber(arg[4])
local RATE = 1000      -- looks a second
local HEAD_START = 2 + COUNT / 1e5  -- seconds before the first look, in which all are submitted

-- The pauses are those of a state that is set up for many objects: see README.md, "Many at once".
if _VERSION == "Lua 5.4" then
  collectgarbage("incremental", 200, 100, 10)
end

local function resident()
  for line in io.lines "/proc/self/status" do
    local size = line:match "^VmRSS:%s*(%d+)"
    if size then return tonumber(size) * 1024 end
  end
end

local function at(sorted, share)
  return sorted[math.max(1, math.ceil(share * #sorted))] or -1
end

local function line_of(i)
  return ("esim-order 1 id=%08x-0000-4000-8000-%012x created=%d correlation_id=%08x-1111-4111-8111-%012x end"):format(
    i, i, os.time(), i, i)
end

-- CPU of this thread of Lua's between two looks at the clock, the longest: what the collector takes is in it.
local worst, last = 0, nil
local function note()
  local now = process.thread_cpu()
  worst = math.max(worst, last and now - last or 0)
  last = now
end

local base = resident()
local began, looks, late = core.clock(), 0, {}
local submitted, used, bytes, cpu

-- All wait, and no look is due yet.
local function all_wait()
  submitted = core.clock() - began
  collectgarbage()
  collectgarbage()
  used = resident()
  bytes = (used - base) / COUNT
  cpu = process.cpu()
end

-- Amid all that waits: what it would take to call it off is not asked for.
local function finish()
  table.sort(late)
  print(("%.3f %.0f %.1f %.3f %.3f %.2f %d %.1f"):format(submitted, bytes, used / 2 ^ 20, at(late, 0.5),
    at(late, 0.99), worst * 1e3, looks, 100 * (process.cpu() - cpu) / SECONDS))
  io.stdout:flush()
  os.exit(0, false)
end

local ways = {}

function ways.core()
  local account = assert(core.account {
    url = URL, records = true, order_path = "/v1/order/", correlation = "X-Correlation-ID: ",
  })
  assert(account:token "t")
  local box, due = core.inbox(), {}
  for i = 1, COUNT do
    local first = HEAD_START + i / RATE - (core.clock() - began)
    local id = assert(box:poll(account, {
      order_id = ("%08x-0000-4000-8000-%012x"):format(i, i), first = first, factor = 1, cap = first, jitter = 0,
      correlation_id = ("%08x-1111-4111-8111-%012x"):format(i, i), tag = 1,
    }))
    due[id] = core.wall() + first
  end
  box:wait(0)
  all_wait()
  local stop = began + HEAD_START + SECONDS
  while core.clock() < stop do
    box:wait(stop - core.clock())
    local record = box:record()
    while record do
      late[#late + 1] = math.max(0, record.at - due[record.id]) * 1e3
      record = box:record()
    end
    local id = box:take()
    while id do
      looks = looks + 1
      box:cancel(id)
      id = box:take()
    end
    note()
  end
  finish()
end

local function options()
  local mean = COUNT / RATE / 2
  return { timeout = 86400, first = mean, factor = 1, cap = mean, jitter = 1 }
end

-- Looks of the module itself are counted where they come back.
local function count_looks()
  local wait = require("esim.order.wait").Wait
  local pass = wait.pass
  function wait.pass(self)
    looks = looks + 1
    local passed = pass(self)
    note()
    return passed
  end
end

local function watch()
  esim.sleep(0.5)
  all_wait()
  worst, last, looks = 0, nil, 0
  esim.sleep(SECONDS)
  finish()
end

function ways.each()
  local client = assert(esim.client { url = URL, token = "t" })
  count_looks()
  local i = 0
  local each = esim.each(client, function()
    i = i + 1
    if i == COUNT then
      esim.spawn(watch)
    end
    return i <= COUNT and line_of(i) or nil
  end, options())
  esim.run(function() each() end)
end

-- Nobody keeps the orders but the tasks: what is counted is the module's.
function ways.tasks()
  local client = assert(esim.client { url = URL, token = "t" })
  count_looks()
  local all = options()
  local function wait(order)
    order:wait(all)
  end
  esim.run(function()
    for i = 1, COUNT do
      esim.spawn(wait, client:resume(line_of(i)))
    end
    watch()
  end)
end

ways[MODE]()

-- With counting.c preloaded, at the server of poller_spec.lua: what a connection that is used now and then costs. A
-- line for each case.

local esim, counts = require "esim", require "esim_counting"

local client = assert(esim.client { url = arg[1], token = "token" })
local order = assert(client:resume "one")

local function look()
  assert(assert(order:poll { timeout = 20 }))
end

local function told()
  return (select(3, counts()))
end

local function waits()
  return (select(4, counts()))
end

look()
local before = told()
for _ = 1, 10 do
  esim.sleep(0.005)
  look()
end
print("kept", told() - before)

before = told()
local woken, naps = waits(), 0
repeat  -- until the server closes the connection
  esim.sleep(0.2)
  naps = naps + 1
until told() > before or naps == 50
print("closed", told() - before)
print("wakes", (waits() - woken) / naps)

before = told()
look()
print("again", told() - before)

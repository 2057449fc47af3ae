-- Run as `collected.lua url token`: the main job with a whole run of the collector every few instructions of Lua, on
-- the main thread and in a task. Prints "collected" and how often it ran.

if type(jit) == "table" then jit.off() end  -- compiled code calls no hook

local esim = require "esim"
local provider = require "spec.support.provider"

local runs = 0

local function collect()
  runs = runs + 1
  collectgarbage()
end

local function flow(client)
  debug.sethook(collect, "", 40)
  local order = assert(client:order(provider.input("sandbox:slow=0.05")))
  local profile = assert(order:wait { timeout = 20, first = 0.02, factor = 1, cap = 0.02 })
  local symbol = assert(profile:qr())
  assert(symbol:png() and symbol:svg() and symbol:text() and symbol:data_uri())
  assert(assert(client:resume(order:save())):poll())
  local again = assert(client:order(provider.input("sandbox:slow=30")))
  local waiting = esim.spawn(function() return again:wait { timeout = 20 } end)
  esim.spawn(function() again:cancel() end)
  local _, e = waiting:join()
  assert(tostring(e):find("cancelled", 1, true))
  debug.sethook()
end

local function client()
  return assert(esim.client { url = arg[1], token = function() return arg[2], 300 end })
end

flow(client())
esim.run(flow, client())
print("collected", runs)

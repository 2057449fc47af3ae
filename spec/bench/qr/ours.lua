-- The codes through our module. ours.lua WORK TEXT SECONDS; WORK: "symbol", "png", "svg" or "text", each with the
-- symbol; what it prints: see raw.c.

local esim = require "esim"
local clock = require("esim.core").clock

local WORK, TEXT, SECONDS = arg[1], arg[2], tonumber(arg[3])
local WARM = 0.2

local function make()
  local symbol = assert(esim.qr(TEXT))
  if WORK ~= "symbol" then
    assert(symbol[WORK](symbol))
  end
end

local function make_for(seconds)
  local finish, count = clock() + seconds, 0
  repeat
    make()
    count = count + 1
  until clock() >= finish
  return count
end

assert(esim.qr(TEXT).level == "Q")  -- as in the other clients
make_for(WARM)
local at, cpu = clock(), os.clock()
local count = make_for(SECONDS)
print(("%d %.6f %.6f"):format(count, clock() - at, os.clock() - cpu))

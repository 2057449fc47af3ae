-- `make bench BENCH=qr`: QR codes of an activation code of 45 characters, through our module beside libqrencode with
-- libpng in C (raw.c), segno and node's qrcode, in one run. SVG and text stand beside libqrencode's symbol alone.
-- SECONDS, ROUNDS: how long each side runs, how often they take turns.

package.path = "./?.lua;" .. package.path
local bench = require "spec.bench.support.bench"

local SECONDS, ROUNDS = tonumber(os.getenv "SECONDS" or 0.5), tonumber(os.getenv "ROUNDS" or 7)
local TEXT = "LPA:1$rsp.example.com$M1-OIY-QHWKD1-XXXX-YYYY"
local COLUMNS = {
  { "rate", "codes/s", "%.0f", ratio = true }, { "cpu", "CPU us each", "%.1f", ratio = true },
}

local place = bench.place {}
local here = "spec/bench/qr/"
local modules = bench.npm { "qrcode@1" }
local COMMANDS = {
  { "libqrencode, libpng in C", place.dir .. "/raw" },
  { "esim, Lua 5.4", bench.path(place, "lua5.4") .. " lua5.4 " .. here .. "ours.lua" },
  { "esim, LuaJIT", bench.path(place, "luajit") .. " luajit " .. here .. "ours.lua" },
  { "segno", "/usr/bin/python3 " .. here .. "peer_segno.py" },
  { "node's qrcode", "ESIM_BENCH_MODULES=" .. modules .. " node " .. here .. "node.mjs" },
}

local function run(command, work)
  local count, seconds, cpu = bench.said(place, ("%s %s '%s' %g"):format(command, work, TEXT, SECONDS), 3)
  return count and { rate = count / seconds, cpu = cpu / count * 1e6 }
end

-- A picture other than PNG stands beside libqrencode's symbol.
local function compare(title, work)
  local sides = {}
  for i, command in ipairs(COMMANDS) do
    local does = i == 1 and work ~= "png" and "symbol" or work
    sides[i] = { name = command[1], run = function() return run(command[2], does) end }
  end
  if work == "png" then
    local kept = function() return run(COMMANDS[1][2], "kept") end
    table.insert(sides, 2, { name = "the same, its heap kept", run = kept })
  end
  bench.report(title, bench.rounds(sides, ROUNDS, { "rate", "cpu" }), COLUMNS)
end

bench.within(place, function()
  assert(#TEXT == 45)
  bench.compile(here .. "raw.c", place.dir .. "/raw", "libqrencode libpng")
  compare("symbol", "symbol")
  compare("symbol and PNG", "png")
  compare("symbol and SVG", "svg")
  compare("symbol and text", "text")
end)

-- `make bench BENCH=waiting`: what it costs that many orders wait. Each number of orders and each way to wait is a
-- process of its own, beside an nginx on this machine; about 1,000 looks a second are due.
-- COUNTS: how many orders; SECONDS: for how long each is watched.

package.path = "./?.lua;" .. package.path
local bench = require "spec.bench.support.bench"

local SECONDS = tonumber(os.getenv "SECONDS" or 10)
local COUNTS = os.getenv "COUNTS" or "1000 10000 100000 1000000"
local MALLOC = "GLIBC_TUNABLES=glibc.malloc.mxfast=0"  -- glibc's own pauses apart
local MANY = 1e5  -- beyond, a task each is not tried

local place = bench.place { "plain" }
place.note = ("-"):rep(310)  -- for an answer of 400 bytes

local FORMAT = "%-34s%12s%12s%12s%12s%12s%12s%10s%10s"

local function line(name, lua, mode, count)
  local path = bench.path(place, lua):gsub("%?.lua;;", "?.lua;" .. place.root .. "/?.lua;;")
  local command = ("timeout 300 env %s %s %s spec/bench/waiting/one.lua %s %d http://127.0.0.1:%s %g 2>&1"):format(
    MALLOC, path, lua, mode, count, place.plain, SECONDS)
  local said, numbers = bench.output_of(command), {}
  for word in said:gmatch("%S+") do numbers[#numbers + 1] = tonumber(word) end
  if #numbers ~= 8 then
    return print(("%-34s    %s"):format(name, said:match("[^\n]*")))
  end
  local function ms(value) return value >= 0 and ("%.2f"):format(value) or "" end
  print(FORMAT:format(("  %s, %s, %d"):format(name, lua, count), ("%.2f"):format(numbers[1]),
    ("%.0f"):format(numbers[2]), ("%.0f"):format(numbers[3]), ms(numbers[4]), ms(numbers[5]), ms(numbers[6]),
    ("%.0f"):format(numbers[7] / SECONDS), ("%.1f"):format(numbers[8])))
  io.stdout:flush()
end


if not os.getenv "COUNTS" then
  os.execute("env " .. bench.path(place, "lua5.4") .. " lua5.4 spec/bench/waiting/cost.lua 1000000")
end

bench.within(place, function()
  bench.start("spec/bench/waiting/server.conf", place)
  print(FORMAT:format("waiting", "submit, s", "bytes each", "MiB in all", "late p50 ms", "late p99 ms", "pause ms",
    "looks/s", "CPU %"))
  for count in COUNTS:gmatch("%d+") do
    count = tonumber(count)
    line("in the core alone", "lua5.4", "core", count)
    for _, lua in ipairs { "lua5.4", "luajit" } do
      line("esim.each", lua, "each", count)
      if count <= MANY then
        line("a task each", lua, "tasks", count)
      end
    end
  end
end)

-- `make bench BENCH=nginx`: one worker of nginx, the same exchanges through cosockets and through our module, in one
-- run, and how late a timer of 1 ms is in that worker meanwhile (in ms). The machine should have nothing else to do.
-- SECONDS, ROUNDS: how long each load lasts, how often the two take turns.

package.path = "./?.lua;" .. package.path
local bench = require "spec.bench.support.bench"

local SECONDS, ROUNDS = tonumber(os.getenv "SECONDS" or 3), tonumber(os.getenv "ROUNDS" or 3)
local ANSWER = '{"id":"id","status":"COMPLETED","output":{"matchingId":"M1-OIY-QHWKD1","iccid":"8944478600000205337",'
  .. '"smdpUrl":"rsp.example.com","lpa_url":"LPA"}}'  -- a dollar would be a variable of nginx's
local COLUMNS = {
  { "rate", "requests/s", "%.0f", ratio = true }, { "p50", "median ms", "%.2f" },
  { "late", "timer p99.9", "%.2f" },
}
local here = "spec/bench/nginx/"
local place = bench.place { "fast", "slow", "tls", "worker" }
place.answer = ANSWER

local function get(path)
  return bench.output_of("curl -sS http://127.0.0.1:" .. place.worker .. path)
end

-- wrk's own words, as { rate, p50 } in requests a second and ms.
local function load(path, at_once, port)
  local said = bench.output_of(("wrk -t1 -c%d -d%gs --latency http://127.0.0.1:%s%s"):format(
    at_once, SECONDS, port or place.worker, path))
  local bad = said:match("Non%-2xx[^\n]*") or said:match("Socket errors[^\n]*")
  assert(not bad, bad)
  local n, unit = said:match "50%%%s+([%d.]+)(%a+)"
  return {
    rate = tonumber(said:match("Requests/sec:%s*([%d.]+)")),
    p50 = tonumber(n) * ({ us = 0.001, ms = 1, s = 1000 })[unit],
  }
end

-- How late timers were since it was asked last: p99, p99.9 and most, in ms.
local function lateness()
  local p99, p999, most = get("/late"):match("%S+ (%S+) (%S+) (%S+)")
  return tonumber(p99), tonumber(p999), tonumber(most)
end

local function side(name, path, at_once)
  return { name = name, run = function()
    load(path, at_once)
    lateness()
    local got = load(path, at_once)
    got.p99, got.late = lateness()
    return got
  end }
end

local function compare(title, theirs, ours, at_once)
  local rows = bench.rounds({ side("cosockets", theirs, at_once), side("esim", ours, at_once) }, ROUNDS,
    { "rate", "p50", "late", "p99" })
  bench.report(title, rows, COLUMNS)
  return rows[2], rows[1]
end

local function measure()
  for _, at_once in ipairs { 16, 256 } do
    compare("a look, " .. at_once .. " at once", "/cosocket_look/fast", "/esim_look/fast", at_once)
    compare("order and look, " .. at_once .. " at once", "/cosocket_order/fast", "/esim_place/fast", at_once)
  end
  local direct = load("/v1/order", 256, place.slow)
  local ours, theirs = compare("order and wait, 256, 50 ms each", "/cosocket_order/slow", "/esim_order/slow", 256)
  print(("  added to the upstream's own 2 x %.2f ms: %.2f ms, cosockets %.2f ms"):format(
    direct.p50, ours.p50 - 2 * direct.p50, theirs.p50 - 2 * direct.p50))
  ours, theirs = compare("new TLS connections, 16 at once", "/cosocket_tls", "/esim_tls", 16)
  print(("  timer p99 in that: %.2f ms, cosockets %.2f ms"):format(ours.p99, theirs.p99))
  lateness()
  for _ = 1, 5 do get("/esim_name") end
  local p99, _, most = lateness()
  print(("a name look-up of 3 s, given up after 0.2 s, 5 times: timer p99 %.2f ms, most %.2f"):format(p99, most))
end

bench.within(place, function()
  assert(bench.output_of("command -v wrk") ~= "", "wrk is needed")
  local dir = place.dir
  bench.output_of("cat /etc/ssl/certs/ca-certificates.crt " .. dir .. "/cert.pem >" .. dir .. "/bundle.pem")
  bench.compile(here .. "slow.c", dir .. "/slow.so -shared -fPIC", "libcurl")
  bench.start(here .. "upstream.conf", place)
  bench.start(here .. "worker.conf", place, "env LD_PRELOAD=" .. dir .. "/slow.so")
  measure()
end)

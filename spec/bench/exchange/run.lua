-- `make bench BENCH=exchange`: exchanges through our module beside those of a loop over libcurl in C (raw.c) and of
-- other clients, in one run against one nginx on this machine. Every client sends the same headers, looks at status,
-- size and content, and decodes the body (the loop in C looks for a text in it).
-- SECONDS, ROUNDS: how long each side runs, how often they take turns. ONLY: a pattern of the titles to run.

package.path = "./?.lua;" .. package.path
local bench = require "spec.bench.support.bench"
local server = require "spec.bench.exchange.server"

local SECONDS, ROUNDS = tonumber(os.getenv "SECONDS" or 1), tonumber(os.getenv "ROUNDS" or 3)
local ONLY = os.getenv "ONLY" or ""
local COLUMNS = {
  { "rate", "requests/s", "%.0f", ratio = true }, { "cpu", "CPU us each", "%.1f", ratio = true },
}
local LATENCY = { "p50", "median us", "%.0f", ratio = true }

local place = bench.place { "plain", "tls", "two", "fresh", "slow" }
place.answer = server.answer("id", "FULFILLING")
place.changing = server.changing("id", "FULFILLING", "$request_id")
local here = "spec/bench/exchange/"

local modules = bench.npm { "undici@7" }
local COMMANDS = {
  raw = place.dir .. "/raw", lua54 = bench.path(place, "lua5.4") .. " lua5.4 " .. here .. "ours.lua",
  luajit = bench.path(place, "luajit") .. " luajit " .. here .. "ours.lua",
  lua_http = "LUA_PATH='/usr/share/lua/5.1/?.lua;;' lua5.4 " .. here .. "lua_http.lua",
  lua_http_jit = "luajit " .. here .. "lua_http.lua",
  fetch = "NODE_EXTRA_CA_CERTS=" .. place.dir .. "/cert.pem node " .. here .. "node.mjs fetch",
  undici = "ESIM_BENCH_MODULES=" .. modules .. " node " .. here .. "node.mjs undici",
  aiohttp = "/usr/bin/python3 " .. here .. "aio.py",
}
local NAMES = {
  raw = "libcurl in C, its own loop", lua54 = "esim, Lua 5.4", luajit = "esim, LuaJIT", lua_http = "lua-http, Lua 5.4",
  lua_http_jit = "lua-http, LuaJIT", fetch = "node's fetch", undici = "undici", aiohttp = "aiohttp",
}
local OURS, EVERY = { "raw", "lua54", "luajit" },
  { "raw", "lua54", "luajit", "lua_http", "lua_http_jit", "fetch", "undici", "aiohttp" }

local function served()
  local said = bench.output_of("curl -sS http://127.0.0.1:" .. place.plain .. "/served")
  return tonumber(said:match("%d+ %d+ (%d+)"))
end

local function run(who, load, work)
  local url = ("%s://127.0.0.1:%s"):format(load.ca and "https" or "http", load.port)
  local marks = {}
  local count, seconds, cpu, p50 = bench.said(place, ("%s %s %s %d %g %s %s"):format(COMMANDS[who], url, work,
    load.at_once, load.seconds or SECONDS, load.ca or "", load.ca and load.version or ""), 4,
    work == "wait" and function() marks[#marks + 1] = served() end or nil)
  if not count then
    return nil
  elseif work == "wait" then
    count = marks[2] - marks[1] - 1
  end
  return { rate = count / seconds, cpu = cpu / count * 1e6, p50 = p50 }
end

-- `raw` is beside waits with looks at the same answers.
local function compare(title, who, load)
  if not title:find(ONLY) then return end
  local sides = {}
  for i, name in ipairs(who) do
    local work = load.work == "wait" and name == "raw" and "get" or load.work
    sides[i] = { name = NAMES[name], run = function() return run(name, load, work) end }
  end
  local columns = { COLUMNS[1], COLUMNS[2], load.at_once == 1 and load.work == "get" and LATENCY or nil }
  bench.report(title, bench.rounds(sides, ROUNDS, { "rate", "cpu", "p50" }), columns)
end

local function measure()
  bench.compile(here .. "raw.c", place.dir .. "/raw", "libcurl")
  bench.start(here .. "server.conf", place)
  for _, at_once in ipairs { 1, 16, 100 } do
    compare("looks, " .. at_once .. " at once", EVERY, { work = "get", port = place.plain, at_once = at_once })
  end
  compare("waits, nothing new, 16 at once", OURS, { work = "wait", port = place.plain, at_once = 16 })
  compare("waits, each answer new and decoded, 16 at once", OURS, { work = "wait", port = place.fresh, at_once = 16 })
  for _, at_once in ipairs { 1, 16, 100 } do
    compare("orders and looks, " .. at_once .. " at once", EVERY,
      { work = "order", port = place.plain, at_once = at_once })
  end
  local ca = place.dir .. "/cert.pem"
  compare("looks, TLS, HTTP/1.1, 16 at once", EVERY,
    { work = "get", port = place.tls, at_once = 16, ca = ca, version = "1.1" })
  local speak = { "raw", "lua54", "luajit", "lua_http", "lua_http_jit", "undici" }  -- we do not, see csrc/core/slot.c
  compare("looks, TLS, HTTP/2 (esim: 1.1), 16 at once", speak,
    { work = "get", port = place.two, at_once = 16, ca = ca, version = "2" })
  for _, at_once in ipairs { 256, 1000 } do
    for _, work in ipairs { "get", "wait" } do
      compare((work == "get" and "looks" or "waits") .. ", 50 to 150 ms, " .. at_once .. " at once", OURS,
        { work = work, port = place.slow, at_once = at_once, seconds = 2 * SECONDS })
    end
  end
end

bench.within(place, measure)

-- `make bench`: one worker of nginx, the same exchanges through our module and through cosockets, in one run.
-- Figures are ratios of what stands side by side; the machine should have nothing else to do.
-- SECONDS, ROUNDS: how long each load lasts, how often the two take turns.

local SECONDS = tonumber(os.getenv "SECONDS" or 5)
local ROUNDS = tonumber(os.getenv "ROUNDS" or 2)
local ANSWER = '{"id":"id","status":"COMPLETED","output":{"matchingId":"M1-OIY-QHWKD1","iccid":"8944478600000205337",'
  .. '"smdpUrl":"rsp.example.com","lpa_url":"LPA:1$rsp.example.com$M1-OIY-QHWKD1"}}'

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local function read_file(name)
  local file = assert(io.open(name))
  local text = file:read("*a")
  file:close()
  return text
end

local function write_file(name, text)
  local file = assert(io.open(name, "w"))
  assert(file:write(text))
  file:close()
end

local dir, root = output_of("mktemp -d"), output_of("pwd")
local first = 20000 + tonumber(output_of("od -An -N2 -tu2 /dev/urandom")) % 12000
local values = {
  dir = dir, root = root, modules = "/usr/lib/nginx/modules",
  answer = ANSWER:gsub('"lpa_url":"[^"]*"', '"lpa_url":"LPA"'),  -- a dollar would be a variable of nginx's
  user = output_of("id -u") == "0" and "user root;" or "",
  fast = first, slow = first + 1, tls = first + 2, worker = first + 3,
}

local function start(name, environment)
  local conf = read_file("spec/bench/nginx/" .. name .. ".conf"):gsub("%$(%l+)", values)
  write_file(dir .. "/" .. name .. ".conf", conf)
  local command = environment .. " nginx -p " .. dir .. " -c " .. dir .. "/" .. name .. ".conf"
  assert(output_of(command .. " && echo started"):find("started"), name .. " did not start")
end

local function get(path)
  return output_of("curl -sS http://127.0.0.1:" .. values.worker .. path)
end

-- wrk's own words, as { rate, p50 } in requests a second and ms.
local function load(path, at_once, port)
  local said = output_of(("wrk -t1 -c%d -d%ds --latency http://127.0.0.1:%d%s"):format(
    at_once, SECONDS, port or values.worker, path))
  local function milliseconds(name)
    local n, unit = said:match(name .. "%s+([%d.]+)(%a+)")
    return tonumber(n) * ({ us = 0.001, ms = 1, s = 1000 })[unit]
  end
  local bad = said:match("Non%-2xx[^\n]*") or said:match("Socket errors[^\n]*")
  assert(not bad, bad)
  return { rate = tonumber(said:match("Requests/sec:%s*([%d.]+)")), p50 = milliseconds("50%%") }
end

local function lateness()
  local p50, p99, p999, most = get("/late"):match("(%S+) (%S+) (%S+) (%S+)")
  return { p50 = tonumber(p50), p99 = tonumber(p99), p999 = tonumber(p999), most = tonumber(most) }
end

-- The better of some rounds, the two sides taking turns.
local function beside(ours, theirs, at_once)
  local best = {}
  for _ = 1, ROUNDS do
    for _, path in ipairs { ours, theirs } do
      load(path, at_once)
      lateness()
      local got = load(path, at_once)
      got.late = lateness()
      if not best[path] or got.rate > best[path].rate then best[path] = got end
    end
  end
  return best[ours], best[theirs]
end

local function report(name, a, b)
  print(("%-34s %8.0f /s %8.0f /s  ratio %.2f   p50 %6.2f %6.2f ms   timer p99.9 %5.2f %5.2f ms"):format(
    name, a.rate, b.rate, a.rate / b.rate, a.p50, b.p50, a.late.p999, b.late.p999))
end

local function measure()
  print(("%-34s %11s %11s"):format("", "esim", "cosockets"))
  for _, at_once in ipairs { 16, 256 } do
    report("a look, " .. at_once .. " at once", beside("/esim_look/fast", "/cosocket_look/fast", at_once))
    report("order and look, " .. at_once .. " at once", beside("/esim_place/fast", "/cosocket_order/fast", at_once))
  end
  local direct = load("/v1/order", 256, values.slow)
  local a, b = beside("/esim_order/slow", "/cosocket_order/slow", 256)
  report("order and wait, 256, 50 ms each", a, b)
  print(("added to the upstream's own 2 x %.2f ms: %.2f ms, cosockets %.2f ms"):format(
    direct.p50, a.p50 - 2 * direct.p50, b.p50 - 2 * direct.p50))
  a, b = beside("/esim_tls", "/cosocket_tls", 16)
  report("16 new TLS connections at a time", a, b)
  print(("timer p99 in that: %.2f ms, cosockets %.2f ms"):format(a.late.p99, b.late.p99))
  lateness()
  for _ = 1, 5 do get("/esim_name") end
  local late = lateness()
  print(("a name look-up of 3 s, given up after 0.2 s, 5 times: timer p99 %.2f ms, most %.2f"):format(
    late.p99, late.most))
end

assert(output_of("command -v wrk") ~= "", "wrk is needed")
output_of("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
  .. " -keyout " .. dir .. "/key.pem -out " .. dir .. "/cert.pem 2>&1")
output_of("cat /etc/ssl/certs/ca-certificates.crt " .. dir .. "/cert.pem >" .. dir .. "/bundle.pem")
local compile = "gcc -shared -fPIC -D_GNU_SOURCE -o " .. dir .. "/slow.so spec/bench/nginx/slow.c && echo built"
assert(output_of(compile) == "built")
start("upstream", "")
start("worker", "env LD_PRELOAD=" .. dir .. "/slow.so")
local ok, reason = pcall(measure)
for _, name in ipairs { "worker", "upstream" } do
  if not ok then io.stderr:write(output_of("tail -n 3 " .. dir .. "/" .. name .. ".log"), "\n") end
  os.execute("kill -TERM $(cat " .. dir .. "/" .. name .. ".pid)")
end
os.execute("sleep 1; rm -rf " .. dir)
assert(ok, reason)

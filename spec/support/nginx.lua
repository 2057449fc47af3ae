-- A real nginx with our module in it, on loopback in a temporary folder; it ends with the spec, whatever the outcome.

local eventually = require "spec.support.eventually"
local json = require "esim.json"
local loop = require "esim.loop"
local native = require "esim.native"
local output_of = require "spec.support.output_of"

local nginx = {}

local PLACES = [[
daemon on;
pid $dir/nginx.pid;
error_log $dir/error.log $level;
$user
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
]]

local FOLDERS = [[
  access_log off;
  client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp;
  uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
]]

local CONF = PLACES .. [[
worker_processes $workers;
env ESIM_NGINX_FALLBACK; env SHOP_URL; env SHOP_TOKEN;
worker_shutdown_timeout 30s;
events { worker_connections $connections; }
http {
]] .. FOLDERS .. [[
  keepalive_requests 1000000;
  lua_shared_dict shop 16m;
  lua_package_path "$root/?.lua;$root/lua/?.lua;;";
  lua_package_cpath "$root/build/luajit/?.so;;";
  lua_code_cache $cache;
  lua_check_client_abort on;
  init_by_lua_block { require("spec.support.shop").open() $init }
  $http
  server {
    listen 127.0.0.1:$port reuseport backlog=4096;
    default_type text/plain;
    location / { content_by_lua_block { require("spec.support.shop").serve() } }
    $server
  }
}
]]

local WATCH = [[
trap '' INT HUP
know() {  # the folder may be gone before we are
  read -r pid < $dir/nginx.pid && main=$pid
  read -r pid < $dir/nginx.pid.oldbin && old=$pid || old=
}
while know; kill -0 $owner && [ ! -e $dir/stop ]; do sleep 0.1; done
for pid in $main $old; do kill -TERM $pid; done
n=0
while [ $n -lt 400 ] && kill -0 $(cat $dir/nginx.pid); do sleep 0.05; n=$((n + 1)); done
rm -rf $dir
]]

local Nginx = {}
Nginx.__index = Nginx

local function read_file(name)
  local file = io.open(name)
  local text = file and file:read("*a")
  if file then file:close() end
  return text
end

local function write_file(name, text)
  local file = assert(io.open(name, "w"))
  assert(file:write(text))
  assert(file:close())
end

local function complete(options, dir)
  local values = {
    dir = dir, root = output_of("pwd"), modules = "/usr/lib/nginx/modules", owner = output_of("echo $PPID"),
    port = string.format("%d", 20000 + tonumber(output_of("od -An -N2 -tu2 /dev/urandom")) % 12000),
    user = output_of("id -u") == "0" and "user root;" or "", workers = options.workers or "2", http = "", server = "",
    init = "", level = "notice",
    connections = options.connections or "4096", cache = options.cache or "on", conf = CONF,
  }
  values.tlsport = string.format("%d", values.port + 1)
  for key, value in pairs(options) do values[key] = value end
  return values
end

local function make_certificate(dir)
  output_of("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1"
    .. " -keyout " .. dir .. "/key.pem -out " .. dir .. "/cert.pem 2>&1")
end

local function start_once(options, dir)
  local values = complete(options, dir)
  write_file(dir .. "/nginx.conf", (values.conf:gsub("%$(%l+)", values):gsub("%$(%l+)", values)))
  write_file(dir .. "/watch.sh", (WATCH:gsub("%$(%l+)", { dir = dir, owner = values.owner })))
  local command = ("cd %s && env ESIM_NGINX_FALLBACK=%s SHOP_URL=%s SHOP_TOKEN=%s %s "
    .. "$(command -v nginx) -p %s -c %s/nginx.conf >out.log 2>&1"):format(
    dir, options.fallback and "1" or "", options.sandbox.url, options.sandbox.token,
    options.environment or "", dir, dir)
  local ok = os.execute(command)
  return (ok == true or ok == 0) and tonumber(values.port) or nil
end

--- Start nginx.
-- @param options  sandbox: what spec.support.provider started; fallback: no bell; and texts of the configuration:
--   workers, connections, cache ("on"), init, level (of the error log), http, server
--   ($tlsport in them is the next port), or conf, all of it;
--   certificate: make one, $dir/cert.pem with $dir/key.pem; environment: further variables for the shell
-- @return it, with .url, .port, .dir and the methods below
function nginx.start(options)
  local dir = output_of("mktemp -d")
  os.execute("mkdir " .. dir .. "/tmp " .. dir .. "/logs")
  if options.certificate then
    make_certificate(dir)
  end
  local port
  for _ = 1, 10 do
    port = start_once(options, dir)
    if port or not read_file(dir .. "/out.log"):find("Address already in use", 1, true) then
      break
    end
  end
  local self = setmetatable({ dir = dir, port = port, url = "http://127.0.0.1:" .. (port or "") }, Nginx)
  os.execute("setsid sh " .. dir .. "/watch.sh </dev/null >/dev/null 2>&1 &")
  if not port then
    local reason = read_file(dir .. "/out.log")
    self:stop()
    error("nginx did not start: " .. reason)
  end
  -- It listens already, but may not have written its process id yet, nor have forked its workers.
  local workers = options.conf and 1 or tonumber(options.workers or 2)
  assert(eventually(function() return self:master() and #self:workers() >= workers end), "nginx has no workers")
  self.account = assert(native.account { url = self.url, connections = options.clients or 64, timeout = 90 })
  return self
end

--- Start nginx with a configuration as a user would write it, that listens on port 8080.
function nginx.serve(conf, sandbox)
  local root = output_of("pwd")
  return nginx.start {
    sandbox = sandbox, conf = PLACES .. conf:gsub("8080", "$port"):gsub("http {\n", "http {\n" .. FOLDERS),
    environment = ("ESIM_LINK_KEY=$(openssl rand -hex 32) ESIM_URL=%s ESIM_TOKEN=%s "
      .. "LUA_PATH='%s/lua/?.lua;;' LUA_CPATH='%s/build/luajit/?.so;;'"):format(sandbox.url, sandbox.token, root, root),
  }
end

--- Process ids: of the master (nil while one takes over from another), and of its workers.
function Nginx:master()
  return tonumber(((read_file(self.dir .. "/nginx.pid") or ""):match("%d+")))
end

function Nginx:workers()
  local list = {}
  for pid in output_of("pgrep -P " .. (self:master() or 0)):gmatch("%d+") do list[#list + 1] = tonumber(pid) end
  return list
end

--- Send a signal, by name, to the master or to `pid`.
function Nginx:signal(name, pid)
  os.execute("kill -" .. name .. " " .. (pid or self:master()))
end

--- Ask for `target`; it can be cancelled.
-- @param kind  "request", or "order": never sent twice
function Nginx:request(target, kind)
  return assert(loop.submit(kind or "request", self.account, { target = target }))
end

--- The body of `target`, and the HTTP status; where there is none, nil and the fault.
function Nginx:get(target, kind)
  local fault, got = loop.await(self:request(target, kind))
  if fault then
    return nil, fault
  end
  return got.body, got.http
end

--- All that nginx logged.
function Nginx:log()
  return read_file(self.dir .. "/error.log") or ""
end

--- What nginx logged as an error and worse, as a list of lines.
function Nginx:complaints()
  local lines = {}
  for line in self:log():gmatch("[^\n]+") do
    if line:find("%[error%]") or line:find("%[crit%]") or line:find("%[alert%]") or line:find("%[emerg%]") then
      lines[#lines + 1] = line
    end
  end
  return lines
end

--- What the log hook was given: a list of entries.
function Nginx:entries()
  local list = {}
  for text in self:log():gmatch("entry (%b{}) end") do
    list[#list + 1] = assert(json.decode(text))
  end
  return list
end

--- How often each order's outcome, by correlation id, came to its request or to the log hook.
function Nginx:outcomes()
  local counts = {}
  for id in self:log():gmatch("took (%S+) end") do
    counts[id] = (counts[id] or 0) + 1
  end
  for _, entry in ipairs(self:entries()) do
    counts[entry.correlation_id] = (counts[entry.correlation_id] or 0) + 1
  end
  return counts
end

--- Threads and descriptors of a process; how often it woke of its own (its first thread).
function nginx.threads(pid)
  return tonumber(output_of("ls /proc/" .. pid .. "/task | wc -l"))
end

function nginx.descriptors(pid)
  return tonumber(output_of("ls /proc/" .. pid .. "/fd | wc -l"))
end

function nginx.wakes(pid)
  local path = "/proc/" .. pid .. "/task/" .. pid .. "/status"
  return tonumber((read_file(path):match("voluntary_ctxt_switches:%s*(%d+)")))
end

nginx.eventually = eventually

function Nginx:stop()
  write_file(self.dir .. "/stop", "")
  return eventually(function() return not io.open(self.dir .. "/stop") end)
end

return nginx

--- A provider on loopback, to write and test flows without spending money.
-- Served by nginx with its Lua module. Which fault it plays is chosen by product_id: see README.md.

local sandbox = {}

local CONF = [[
daemon off;
master_process on;
worker_processes $workers;
pid $dir/nginx.pid;
error_log $dir/error.log error;
$user
load_module $modules/ndk_http_module.so;
load_module $modules/ngx_http_lua_module.so;
events { worker_connections 4096; }
http {
  access_log off;
  client_body_temp_path $dir/tmp; proxy_temp_path $dir/tmp; fastcgi_temp_path $dir/tmp;
  uwsgi_temp_path $dir/tmp; scgi_temp_path $dir/tmp;
  client_body_buffer_size 1m;
  keepalive_timeout $keepalive; keepalive_requests 1000000;
  lua_shared_dict esim 128m;
  lua_shared_dict esim_tokens 8m;
  lua_package_path "$path;;";
  lua_package_cpath "$cpath;;";
  init_worker_by_lua_block {
    math.randomseed(ngx.now() * 1000 + ngx.worker.pid())
    require("esim.sandbox.provider").setup "$dir/settings.json"
  }
  server {
    listen 127.0.0.1:$port $tls backlog=4096;
    $certificate
    location / { content_by_lua_block { require("esim.sandbox.provider").serve() } }
  }
}
]]

local TOKEN_PATH = "/auth/realms/tru-staff/protocol/openid-connect/token"

-- The options that the workers need.
local SETTINGS = {
  "token", "url", "delay", "logs", "mark", "client_id", "client_secret", "lifetime", "style", "scope", "product_path",
  "links", "install", "strict",
}

local function output_of(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return (text:gsub("%s+$", ""))
end

local function succeeds(command)
  local ok = os.execute(command .. " >/dev/null 2>&1")
  return ok == true or ok == 0
end

local function write_file(name, text)
  local file = assert(io.open(name, "w"))
  assert(file:write(text))
  assert(file:close())
end

local function find_modules()
  for _, folder in ipairs { "/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/etc/nginx/modules" } do
    local file = io.open(folder .. "/ngx_http_lua_module.so")
    if file then
      file:close()
      return folder
    end
  end
end

-- Where this very file was found, so that nginx finds the rest.
local function library_path()
  local source = debug.getinfo(1, "S").source:gsub("^@", "")
  local root = source:match("^(.*)esim/sandbox%.lua$") or "./"
  if root:sub(1, 1) ~= "/" then
    root = output_of("pwd") .. "/" .. root
  end
  return root .. "?.lua"
end

local function random_hex(bytes)
  return output_of("od -An -N" .. bytes .. " -tx1 /dev/urandom | tr -d ' \\n'")
end

-- A port that nobody listens on now; whoever takes it first makes us try another.
local function any_port()
  local n = tonumber(output_of("od -An -N2 -tu2 /dev/urandom"))
  return 20000 + n % 12000
end

local function make_certificate(dir)
  local command = "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    .. " -addext subjectAltName=IP:127.0.0.1,DNS:localhost"
    .. " -keyout " .. dir .. "/key.pem -out " .. dir .. "/cert.pem"
  assert(succeeds(command), "esim.sandbox: openssl could not make a certificate")
  return "ssl_certificate " .. dir .. "/cert.pem; ssl_certificate_key " .. dir .. "/key.pem;"
end

local function alive(pid)
  return succeeds("kill -0 " .. pid)
end

local function read_file(name)
  local file = io.open(name)
  local text = file and file:read("*a")
  if file then
    file:close()
  end
  return text
end

-- nginx, and a watchdog that ends it and removes the folder once its owner is gone or has asked for it: not
-- before, for where nginx does not start the folder holds the reason.
local WATCH = [[
nginx -p $dir -c $dir/nginx.conf >$dir/out.log 2>&1 &
child=$!
echo $child >$dir/child
trap '' INT HUP
while kill -0 $owner && [ ! -e $dir/stop ]; do sleep 0.1; done
kill -TERM $child
wait $child
rm -rf $dir
]]

local function write_conf(options, dir, port)
  local values = {
    dir = dir, port = port,
    workers = string.format("%d", options.workers), keepalive = string.format("%d", options.keepalive),
    modules = options.modules, path = library_path(), cpath = options.cpath or "",
    tls = options.tls and "ssl http2" or "", certificate = options.certificate or "",
    user = output_of("id -u") == "0" and "user root;" or "", owner = output_of("echo $PPID"),
  }
  local settings = {}
  for _, name in ipairs(SETTINGS) do
    settings[name] = options[name]
  end
  write_file(dir .. "/settings.json", assert(require("esim.json").encode(settings)))
  write_file(dir .. "/nginx.conf", (CONF:gsub("%$(%l+)", values)))
  write_file(dir .. "/watch.sh", (WATCH:gsub("%$(%l+)", { dir = dir, owner = values.owner })))
end

-- nginx writes its pid file once it listens; it ends at once where the port is taken.
local function await_start(dir)
  for _ = 1, 100 do
    local pid = read_file(dir .. "/nginx.pid")
    local child = read_file(dir .. "/child")
    if pid and pid:match("%d") then
      return pid:match("%d+")
    elseif child and child:match("%d") and not alive(child:match("%d+")) then
      return nil
    end
    os.execute("sleep 0.05")
  end
end

local function start_once(options)
  local dir = output_of("mktemp -d")
  assert(dir ~= "", "esim.sandbox: no temporary folder")
  os.execute("mkdir " .. dir .. "/tmp")
  local port = options.port or any_port()
  options.url = (options.tls and "https" or "http") .. "://127.0.0.1:" .. port
  options.certificate = options.tls and make_certificate(dir) or nil
  write_conf(options, dir, port)
  os.execute("setsid sh " .. dir .. "/watch.sh </dev/null >/dev/null 2>&1 &")
  local pid = await_start(dir)
  local reason = read_file(dir .. "/out.log") or ""
  if not pid then
    write_file(dir .. "/stop", "")
    return nil, reason
  end
  return { dir = dir, pid = tonumber(pid), port = port }
end

local function stopper(started)
  return function()
    local file = io.open(started.dir .. "/stop", "w")
    if file then
      file:close()
    end
    for _ = 1, 100 do
      if not succeeds("test -e " .. started.dir) then
        return true
      end
      os.execute("sleep 0.05")
    end
    return nil, "the sandbox did not stop"
  end
end

local function complete(options)
  local all = { delay = 2, workers = 1, keepalive = 65, logs = true, mark = "", lifetime = 300 }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  all.token = all.token or all.mark .. random_hex(16)
  all.client_id = all.client_id or "client-" .. random_hex(4)
  all.client_secret = all.client_secret or all.mark .. random_hex(16)
  all.modules = find_modules()
  return all
end

--- Start a sandbox.
-- @param options  port (default: a free one), delay (seconds until an order is completed, 2), tls (false),
--   workers (1), keepalive (seconds that an idle connection is kept, 65), logs (true), token (a random one, good for
--   ever), mark ("": begins each matching id, and each token and secret that is made here, so that a test finds it
--   where it must not be), cpath (where LuaJIT finds esim/core.so, for the QR image); of the token end point
--   client_id, client_secret (random ones), lifetime (of the tokens that it issues, in seconds, 300), style ("body" or
--   "basic": the one way in which clients may authenticate; default both), scope (one that they must ask for);
--   product_path ("product" or "products": the one spelling of v1's list; default both), links ("links" or "_links":
--   what v2's metadata calls them); install (seconds from an order's end until its SIM is installed; default: never),
--   strict (true: a top-up must be for a SIM that the sandbox made, and for its customer)
-- @return { url, token, token_url, client_id, client_secret, port, pid, ca_file, stop = function() … end }, and the
--   calls of esim.sandbox.remote: log() and what follows | nil, reason
function sandbox.start(options)
  local all = complete(options)
  if not all.modules or not succeeds("command -v nginx") then
    return nil, "esim.sandbox: nginx with its Lua module is needed (libnginx-mod-http-lua, lua-resty-core)"
  end
  local started, reason
  for _ = 1, all.port and 1 or 10 do
    started, reason = start_once(all)
    if started or not reason:find("Address already in use", 1, true) then
      break
    end
  end
  if not started then
    return nil, "esim.sandbox: nginx did not start: " .. reason
  end
  local ca_file = all.tls and started.dir .. "/cert.pem" or nil
  local box = require("esim.sandbox.remote").calls(all.url, ca_file)
  box.url, box.token, box.port, box.pid, box.ca_file = all.url, all.token, started.port, started.pid, ca_file
  box.client_id, box.client_secret, box.token_url = all.client_id, all.client_secret, all.url .. TOKEN_PATH
  box.stop = stopper(started)
  return box
end

--- Start a sandbox, print how to reach it, and serve until the process is interrupted.
function sandbox.serve(options)
  local started, reason = sandbox.start(options)
  if not started then
    io.stderr:write(reason, "\n")
    os.exit(1)
  end
  print("export ESIM_URL=" .. started.url .. " ESIM_TOKEN=" .. started.token)
  print("# or, with tokens that end: export ESIM_URL=" .. started.url .. " ESIM_CLIENT_ID=" .. started.client_id
    .. " ESIM_CLIENT_SECRET=" .. started.client_secret .. " ESIM_TOKEN_URL=" .. started.token_url)
  print("Interrupt (Ctrl-C) to stop.")
  io.stdout:flush()
  os.execute("trap 'exit 0' INT TERM; while kill -0 " .. started.pid .. " 2>/dev/null; do sleep 1; done")
  started.stop()
end

return sandbox

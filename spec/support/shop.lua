-- What the nginx of the specs serves: each function is a path.

local esim = require "esim"
local json = require "esim.json"
local loop = require "esim.loop"

local ngx = ngx  -- luacheck: ignore

local shop = {}
local paths = {}
local client, narrow, slow_token, silent, metrics, metered

-- The specs read it in nginx's own log.
local function log(entry)
  if not entry.abandoned then
    return
  end
  entry.err = entry.err and tostring(entry.err)
  ngx.log(ngx.NOTICE, "entry ", json.encode(entry), " end")
  error("a hook that fails")
end

local function new_client(options)
  options.url, options.token, options.log = os.getenv "SHOP_URL", os.getenv "SHOP_TOKEN", log
  options.timeout = 20
  return assert(esim.client(options))
end

-- In init_by_lua, before the fork.
function shop.open()
  client, narrow = new_client { connections = 64 }, new_client { connections = 1 }
end

local function input(args)
  if args.iccid then
    return {
      operationType = "TOPUP", device = { id = "1" }, esim = { iccid = args.iccid },
      subscriptions = { { product_id = args.product } },
    }
  end
  return {
    countryCode = "PT", customer = { email = "traveller@example.com" }, device = { id = "1", type = "ios" },
    subscriptions = { { product_id = args.product or "cm9k" } },
  }
end

local function order(args, through)
  return (through or client):order(input(args), { correlation_id = args.id, check = not args.iccid })
end

shop.order = order

local function answer(...)
  if ... == nil then
    ngx.status = 502
    return ngx.print(tostring((select(2, ...))))
  end
  ngx.print((...))
end

--- Place an order: its id.
function paths.order(args)
  local placed, e = order(args)
  ngx.log(ngx.NOTICE, "took ", args.id, " end")
  return answer(placed and placed.id, e)
end

local function wait_long(args)
  return order { id = args.id .. "-wait", product = "sandbox:slow=60" }:wait { timeout = 60 }
end

--- Count in what all workers share, from init_by_lua on, and tell nginx's log.
function shop.meter()
  metrics = esim.metrics { shared = "metrics", also = "ngx" }
  metered = assert(esim.client {
    url = os.getenv "SHOP_URL", log = metrics.log, timeout = 5, connections = 64,
    token = function() return os.getenv "SHOP_TOKEN", 300 end,
  })
end

--- Order and wait as that client.
function paths.metered(args)
  local placed, e = order(args, metered)
  local profile
  if placed then
    profile, e = placed:wait { timeout = tonumber(args.timeout) or 20, first = 0.05 }
  end
  return answer(profile and placed.id, e)
end

--- The counts, as one worker tells them.
function paths.metrics()
  loop.pump()
  ngx.header["Content-Type"] = "text/plain; version=0.0.4"
  ngx.print(metrics:text())
end

--- Place an order and wait for it: its id, and its ICCID.
function paths.buy(args)
  local placed, e = order(args)
  if not placed then
    return answer(nil, e)
  end
  local profile
  profile, e = placed:wait { timeout = 60, first = tonumber(args.first) }
  return answer(profile and placed.id .. " " .. profile.iccid, e)
end

--- The same, with the collector forced.
function paths.collect(args)
  collectgarbage()
  paths.buy(args)
  collectgarbage()
end

--- The same, with a look each second, as long as it takes, by a client without a log: that is told each second.
function paths.hold(args)
  silent = silent or assert(esim.client { url = os.getenv "SHOP_URL", token = os.getenv "SHOP_TOKEN" })
  local placed = assert(order(args, silent))
  local profile, e = placed:wait { timeout = 30, first = 1, factor = 1, cap = 1, jitter = 0 }
  return answer(profile and placed.id, e)
end

--- Wait for an order until another light thread cancels that.
function paths.cancel(args)
  local placed = assert(order { id = args.id, product = "sandbox:slow=60" })
  local task = esim.spawn(function() return select(2, placed:wait { timeout = 60 }) end)
  ngx.sleep(0.1)
  placed:cancel()
  ngx.print(task:join().kind)
end

--- Order with a token that takes a while to come, and is asked for once.
function paths.token(args)
  slow_token = slow_token or assert(esim.client {
    url = os.getenv "SHOP_URL",
    token = function()
      ngx.shared.shop:incr("tokens", 1, 0)
      ngx.sleep(0.4)
      return os.getenv "SHOP_TOKEN", 300
    end,
  })
  local placed, e = order(args, slow_token)
  return answer(placed and ngx.shared.shop:get("tokens"), e)
end

--- Order in a function that C calls, which cannot wait, and in a coroutine of one's own, which can.
function paths.callback(args)
  local ok, reason = pcall(string.gsub, "x", "x", function() order(args) end)
  local id = coroutine.wrap(function() return assert(order { id = args.id .. "-own" }).id end)()
  ngx.print(tostring(ok), " ", reason, " ", #id)
end

--- Orders one after the other on the wire.
function paths.queue(args)
  ngx.log(ngx.NOTICE, "queues ", args.id, " end")  -- and submits before anything else happens in this worker
  local placed, e = order(args, narrow)
  return answer(placed and placed.id, e)
end

--- Walk the subscriptions of a customer, a page at a time, and count what else this worker did meanwhile.
function paths.search(args)
  local seen, turns, over = {}, 0, false
  local thread = ngx.thread.spawn(function()
    while not over do
      ngx.sleep(0.01)
      turns = turns + 1
    end
  end)
  for found, e in client:subscriptions { email = args.email, size = 2 } do
    seen[#seen + 1] = found and found.product_id or tostring(e)
  end
  over = true
  ngx.thread.wait(thread)
  ngx.print(table.concat(seen, " "), turns > 5 and " meanwhile" or " alone")
end

--- Look for what an order whose answer is lost has left behind.
function paths.lost(args)
  local placed, e = order { id = args.id, product = "sandbox:cut" }
  assert(not placed and e.kind == "unknown")
  local result
  repeat
    ngx.sleep(0.1)
    result = assert(client:reconcile({
      customer = { email = "traveller@example.com" }, subscriptions = { { product_id = "sandbox:cut" } },
    }, { after = e.sent_at }))
  until result.verdict ~= "absent so far"
  ngx.print(result.verdict)
end

--- Three tasks side by side, joined in another light thread than that which spawned them.
function paths.tasks(args)
  local results = esim.run(function()
    local tasks = {}
    for i = 1, 3 do
      tasks[i] = esim.spawn(function()
        esim.sleep(0.02 * i)
        return assert(order(args)).id
      end)
    end
    local ids = esim.all {
      function() return tasks[1]:join() end, function() return tasks[2]:join() end,
      function() return tasks[3]:join() .. tasks[1]:join():sub(1, 0) end,
    }
    esim.spawn(function() esim.sleep(0.1) ngx.ctx.late = true end)
    return ids
  end)
  ngx.print(#results, " ", tostring(results[1] ~= results[2] and results[2] ~= results[3]), " ", tostring(ngx.ctx.late))
end

--- What tasks raise, where.
function paths.errors()
  local _, first = pcall(esim.run, function() error("in run", 0) end)
  local _, second = pcall(esim.run, function() esim.spawn(function() esim.sleep(0.01) error("nobody hears", 0) end) end)
  local _, third = pcall(esim.all, { function() error("in all", 0) end })
  local _, fourth = pcall(esim.run, function()
    local task = esim.spawn(error, { "a table" })
    local ok, reason = pcall(task.join, task)
    return not ok and reason[1] or "?"
  end)
  ngx.print(first:match("^[^\n]*"), ", ", second:match("^[^\n]*"), ", ", third:match("^[^\n]*"), ", ", tostring(fourth))
end

--- Let go those who stay until then: the spec has seen what it waited for.
function paths.release(args)
  ngx.shared.shop:set("release:" .. args.of, true)
end

local function await_release(of)
  while not ngx.shared.shop:get("release:" .. of) do ngx.sleep(0.01) end
end

--- Kill a light thread that waits for an order, and one that waits for its completion.
function paths.kill(args)
  local threads = {
    ngx.thread.spawn(order, args), ngx.thread.spawn(wait_long, args),
  }
  await_release "kill"
  for _, thread in ipairs(threads) do assert(ngx.thread.kill(thread)) end
  ngx.sleep(tonumber(args.stay) or 0)
  ngx.print("killed")
end

--- End the request while light threads of it wait.
function paths.exit(args)
  ngx.thread.spawn(order, args)
  ngx.thread.spawn(wait_long, args)
  await_release "exit"
  ngx.print("left")
  return ngx.exit(200)
end

--- A semaphore of ours is not one of a stranger's: wait on one that nobody posts.
function paths.stranger()
  local sem = require("ngx.semaphore").new(0)
  ngx.print(tostring((sem:wait(0.3))))
end

--- The stream module's way to post, or that there is none: `library` stands in for it.
function paths.stream(args)
  local native = require "esim.native"
  local inbox = native.inbox()
  if not args.library then
    return ngx.print(tostring(native.nginx.host(inbox, "stream")), " ", tostring(native.nginx.host(inbox, "http")))
  end
  local ffi = require "ffi"
  ffi.cdef "extern void *esim_stream_posted; extern int esim_stream_count;"
  local library = ffi.load(args.library, true)
  assert(native.nginx.host(inbox, "stream"))
  assert(inbox:watch(assert(inbox:sleep(1)), 4096))
  for _ = 1, 3000 do
    if library.esim_stream_count > 0 then break end
    ngx.sleep(0.01)
  end
  ngx.print(library.esim_stream_count, " ", tonumber(ffi.cast("uintptr_t", library.esim_stream_posted)))
  inbox:close()
end

--- What is in flight in this worker; its process id.
function paths.flight()
  loop.pump()
  ngx.print(loop.count())
end

function paths.worker()
  ngx.print(ngx.worker.pid(), " ", loop.host().name)
end

local MISUSES = {
  order = function() client:order(input {}) end,
  poll = function() client:resume("x"):poll() end,
  wait = function() client:resume("x"):wait { timeout = 1 } end,
  sleep = function() esim.sleep(0) end,
  spawn = function() esim.spawn(print) end,
  run = function() esim.run(print) end,
  all = function() esim.all { print } end,
  products = function() client:products() end,
  subscriptions = function()
    for _ in client:subscriptions() do print() end
  end,
}

--- From a phase that cannot wait: note what each call raises.
function shop.misuse(phase)
  local said = {}
  for name, call in pairs(MISUSES) do
    local ok, reason = pcall(call)
    said[name] = ok and "passed" or tostring(reason)
  end
  said.in_flight = loop.count()
  ngx.shared.shop:set(phase, json.encode(said))
end

function paths.said(args)
  ngx.print(ngx.shared.shop:get(args.phase))
end

function paths.page()
  ngx.print("page")
end

--- In a timer.
function paths.timer(args)
  local before = ngx.shared.shop:incr("timers", 0, 0)
  ngx.timer.at(0, function()
    if order(args) then ngx.shared.shop:incr("timers", 1) end
  end)
  for _ = 1, 3000 do
    ngx.sleep(0.01)
    if ngx.shared.shop:get("timers") > before then break end
  end
  ngx.print(ngx.shared.shop:get("timers") - before)
end

--- Orders at a rate, as fast as this worker may.
function paths.rate(args)
  local slow = new_client { rate = tonumber(args.rate) }
  local began = ngx.now()
  local jobs = {}
  for i = 1, tonumber(args.count) do jobs[i] = function() return assert(slow:order(input(args))).id end end
  esim.all(jobs)
  ngx.update_time()
  ngx.print(ngx.now() - began)
end

function shop.serve()
  if not client then
    shop.open()  -- the code cache is off
  end
  local path = paths[ngx.var.uri:sub(2)]
  if not path then
    return ngx.exit(404)
  end
  path(ngx.req.get_uri_args())
end

return shop

--- The host of nginx (OpenResty): a wait suspends its light thread alone, and costs the worker nothing.
-- The engine's bell calls C in the worker's event loop, C posts the semaphores of those who wait (csrc/bind/nginx.c).
-- Where that does not work, who waits looks into the inbox now and then.
--
-- A semaphore lives as long as C holds its address: the pending holds it, and loop.lua holds the pending until its work
-- has ended.

local ffi = require "ffi"
local loop = require "esim.loop"
local native = require "esim.native"
local queue = require "esim.loop.queue"

local ngx = ngx  -- luacheck: ignore
local semaphore = require "ngx.semaphore"
local get_request = require("resty.core.base").get_request

local nginx = { name = "nginx", unguarded = true }

local LONG = 86400       -- seconds of a wait that something else ends
local PROOF = 1          -- seconds that the self-test may take
local NAP = 0.001        -- seconds between the first two looks into the inbox, where nothing rings
local NAP_MAX = 0.01
local GONE = 10          -- ticks without a look after which nobody looks any more
local SWEEP = 0.1        -- seconds to the first look after outcomes that nobody took
local SWEEP_MAX = 1
local GRACE = 0.02       -- seconds in which who is alive takes his outcome: more than NAP_MAX
local WAKES = 32         -- at most that many run in one turn, as in csrc/core/engine.c
local EXAMINED = 2       -- older waits that each new one examines
local OVERDUE = 1        -- seconds after which a timer that has not run is taken for one that nginx dropped
local LISTEN = 1         -- seconds between two looks for records that nobody's wait has brought
local START = 0.001      -- seconds after which a timer of none runs, or never will

local MAY_WAIT = {
  rewrite = true, server_rewrite = true, access = true, content = true, timer = true, preread = true,
  ssl_cert = true, ssl_session_fetch = true, ssl_client_hello = true,
}

local FORCED = (os.getenv "ESIM_NGINX_FALLBACK" or "") ~= ""  -- of the specs: naps alone, and no symbol of nginx's
local SUBSYSTEM = not FORCED and ngx.config.subsystem or nil

local way                -- "bell" or "naps", once this process knows
local testing            -- native.clock() at which somebody began to find out
local seats = {}         -- semaphores that nobody uses, each with its address
local visits = {}        -- what each request submitted, by the request's address
local waits = queue.new()              -- pendings that somebody waited for, to be examined
local tick, ticked = 0, 0              -- of naps, and ngx.now() of the last one
local armed = false      -- ngx.now() at which a sweep is due
local listening = false  -- ngx.now() at which the next look for records is due

-- Semaphores.

local function address_of(pointer)
  return tonumber(ffi.cast("uintptr_t", pointer))
end

local function take_seat()
  local seat = table.remove(seats)
  if not seat then
    local sem = assert(semaphore.new(0))
    seat = { sem = sem, address = address_of(sem.sem) }
  end
  return seat
end

-- What Lua settles wakes its waiter too, unless C has done so.
local function wake(pending)
  local seat = pending.seat
  if seat and seat.sem:count() < 0 then
    seat.sem:post(1)
  end
end

-- Wait on a semaphore, `seconds` at most. Nothing is said about the outcome: look whether it is there.
local function sit(pending, seconds)
  local seat = pending.seat or take_seat()
  pending.seat, pending.wake = seat, wake
  local watched = not pending.id or loop.watch(pending, seat.address)
  if watched then
    local ok, reason = seat.sem:wait(seconds)
    if not ok and reason ~= "timeout" then
      loop.wait(NAP_MAX)  -- rather than to give up something that is in flight
    end
  end
  if not pending.ready then
    loop.pump(watched and WAKES or nil)  -- the rest is for those who are woken next, in another turn of the event loop
  end
  if pending.ready then
    pending.seat = nil
    if seat.sem:count() == 0 then
      seats[#seats + 1] = seat
    end
  end
  return watched
end

-- Naps.

-- At most once in a turn of the event loop: two ticks apart everybody who is alive has looked.
local function count_tick()
  if ngx.now() - ticked >= NAP_MAX then
    tick, ticked = tick + 1, ngx.now()
  end
end

local function nap(pending)
  local pause = NAP
  while not pending.ready and (pending.any or way ~= "bell") do
    count_tick()
    pending.looked = tick
    ngx.sleep(pause)
    pause = math.min(pause * 1.5, NAP_MAX)
    loop.pump()
  end
  pending.looked = nil
end

-- Which way.

-- A wait of the shortest kind, through the engine, its bell and the worker's event loop. Another's look into the inbox
-- may be faster than the bell: then once more.
local function hears_bell()
  local deadline = native.clock() + PROOF
  repeat
    local pending = loop.submit("sleep", 0)
    if not pending then
      return false
    end
    sit(pending, math.max(deadline - native.clock(), 0.001))
    loop.cancel(pending)
  until native.nginx.calls() > 0 or native.clock() >= deadline
  return native.nginx.calls() > 0
end

-- Nobody tests who waits: he could not take his order's outcome meanwhile, and would be held for dead.
local function test(premature)
  if premature then
    return
  end
  way = hears_bell() and "bell" or "naps"
  if way == "naps" then
    native.nginx.give_up(loop.inbox())
  end
end

-- Who comes before it is known naps until then. nginx may refuse the timer, or drop it: then once more, in a light
-- thread of the present request, which needs none.
local function find_way()
  if testing and native.clock() - testing < 1.5 * PROOF then
    return "naps"
  end
  local again = testing
  testing = native.clock()
  if not native.nginx.host(loop.inbox(), SUBSYSTEM) then
    way = "naps"
  elseif native.nginx.calls() > 0 then
    way = "bell"
  elseif again or not ngx.timer.at(0, test) then
    ngx.thread.spawn(function() pcall(test) end)  -- nginx would log an error with the request's URI
  end
  return way or "naps"
end

-- Those who are gone. The engine is told at once by the end of their request, where nginx tells us of it; who was
-- killed in a request that goes on is found here: his semaphore counts no waiter, or he has stopped looking.

-- `since`: the tick after which he must have looked.
local function is_gone(pending, since)
  if pending.looked then
    return pending.looked <= since
  elseif not pending.seat or pending.seat.sem:count() < 0 then
    return false
  end
  loop.pump()  -- nobody is woken before this whose outcome is still away
  return not pending.ready and pending.seat ~= nil and pending.seat.sem:count() == 0
end

local function examine()
  for _ = 1, EXAMINED do
    local pending = queue.take(waits)
    if not pending then
      return
    elseif pending.ready then
      pending.queued = nil
    elseif is_gone(pending, tick - GONE) then
      pending.queued = nil
      loop.abandon(pending)
    else
      queue.put(waits, pending)
    end
  end
end

local function remember(pending)
  if pending.id and not pending.queued then
    pending.queued = true
    examine()
    queue.put(waits, pending)
  end
end

-- Outcomes that must not be lost.

local function kept_where(ready)
  local list = {}
  for pending in pairs(loop.kept()) do
    if pending:done() == ready then
      list[#list + 1] = pending
    end
  end
  return list
end

local function naps(list)
  for _, pending in ipairs(list) do
    if pending.looked then
      return true
    end
  end
end

-- Who is alive takes his outcome, or has looked, before we wake up again: timers fire in their order.
-- @param own  what the caller himself waits for, or nil
local function hand_over(own)
  loop.pump()
  local since, settled = tick, kept_where(true)
  tick = tick + 1
  if #settled > 0 or naps(kept_where(false)) then
    ngx.sleep(GRACE)
  end
  for _, pending in ipairs(settled) do
    if pending ~= own and loop.kept()[pending] then
      loop.leave(pending)
    end
  end
  for _, pending in ipairs(kept_where(false)) do
    if is_gone(pending, since) then
      loop.abandon(pending)
    end
  end
end

local arm

-- A timer that is due does not hold up the end of a worker: it comes early then, and what is in flight is waited for.
local function sweep(premature, delay)
  local last = premature or ngx.worker.exiting()
  armed = false
  hand_over()
  while last and next(loop.kept()) do
    ngx.sleep(GRACE)
    hand_over()
  end
  if next(loop.kept()) then
    arm(math.min(2 * delay, SWEEP_MAX))
  end
end

-- While lua_max_running_timers run, nginx drops those that are due.
-- @return whether one will look; not where lua_max_pending_timers wait
function arm(delay)
  if armed and ngx.now() < armed + OVERDUE then
    return true
  end
  armed = (ngx.timer.at(delay, sweep, delay) or ngx.timer.at(0, sweep, delay)) and ngx.now() + delay
  return armed
end

-- Records ring no bell.

local listen

-- Once more after the last has ended: what was cancelled has a record too.
local function hear(premature, was_last)
  local last = loop.recorded() == 0
  listening = false
  loop.pump()
  if not premature and not (last and was_last) then
    listen(last)
  end
end

function listen(last)
  if listening and ngx.now() < listening + OVERDUE then
    return
  end
  listening = ngx.timer.at(LISTEN, hear, last) and ngx.now() + LISTEN
end

-- The host.

--- Raise, `level` levels up, in a phase that cannot wait, and in a function that cannot.
function nginx.check(call, level)
  local phase = ngx.get_phase()
  if not MAY_WAIT[phase] then
    error(("%s cannot wait in %s_by_lua: do it in a timer (ngx.timer.at, from init_worker_by_lua on), or in a phase "
      .. "that can: rewrite, access, content, ssl_certificate"):format(call, phase), level)
  elseif not native.nginx.yieldable() then
    error(call .. " cannot wait in a function that C calls, such as one given to string.gsub or table.sort", level)
  end
end

local function visit_of(request)
  local key = address_of(request)
  local visit = visits[key]
  if not visit then
    visit = native.nginx.visit(loop.inbox(), key)
    visits[key] = visit
  end
  return visit, key
end

--- Whatever a request submits ends with it.
function nginx.submitted(pending)
  local request = get_request()
  if request and SUBSYSTEM == "http" then
    local visit, key = visit_of(request)
    if visit and not visit:enter(pending.id) then
      visits[key] = nil  -- an earlier request had that address
      visit = visit_of(request)
      if visit then
        visit:enter(pending.id)
      end
    end
  end
  if pending.left then
    arm(SWEEP)
  end
  if pending.tag then
    listen(false)
  end
end

--- Suspend the calling light thread until `pending` may be done.
function nginx.await(pending)
  remember(pending)
  if next(loop.kept()) and not arm(SWEEP) and not pending.seat then  -- who keeps his seat would be held for gone
    hand_over(pending)
  end
  if (way or find_way()) ~= "bell" or pending.any then  -- the bell rings for one that somebody sits for
    nap(pending)
  elseif not sit(pending, LONG) and not pending.ready then
    way, testing = nil, nil  -- a fork: the bell is the parent's
  end
end

--- Suspend the calling light thread.
-- @param seconds  number
function nginx.sleep(seconds)
  while seconds > LONG do
    ngx.sleep(LONG)
    seconds = seconds - LONG
  end
  ngx.sleep(seconds)
end

--- Run a function on a light thread of the present request.
function nginx.spawn(f, ...)
  return ngx.thread.spawn(f, ...)
end

--- Run a function in a timer: it goes on when the present request ends. Timers fire in their order: where it has not
-- begun when a later one is over, nginx has dropped it (lua_max_running_timers).
-- @return whether it runs
function nginx.detach(f, ...)
  local begun, late = false, false
  local made = ngx.timer.at(0, function(_, ...)
    begun = not late
    return begun and f(...)
  end, ...)
  if made then
    ngx.sleep(START)
  end
  late = not begun
  return begun
end

local LEVELS = { info = ngx.INFO, warn = ngx.WARN, error = ngx.ERR }

--- Write a line into the error log of nginx's main level. ngx.log would quote the request that happens to run, and its
-- URI may be a link that opens an order (esim.web).
-- @param level  "info", "warn" (where it is not given) or "error", which nginx logs unless it is told to be quieter
function nginx.tell(line, level)
  require "ngx.errlog"  -- which declares the function
  local raw_log = ffi.C["ngx_" .. ngx.config.subsystem .. "_lua_ffi_raw_log"]
  raw_log(nil, LEVELS[level or "warn"], line, #line)
end

-- A worker that is dead is the master's to bury, at once.
local function is_alive(process)
  local file = io.open("/proc/" .. process .. "/stat")
  return file ~= nil and file:close()
end

--- The shared dictionary `name`, which all workers see.
function nginx.store(name)
  local dict = ngx.shared[name]
  return dict and {
    get = function(key) return (dict:get(key)) end,
    set = function(key, value, seconds) return dict:set(key, value, seconds) end,
    add = function(key, value, seconds) return dict:add(key, value, seconds) end,
    delete = function(key) dict:delete(key) end,
    incr = function(key, by) return dict:incr(key, by, 0) end,
    keys = function() return dict:get_keys(0) end,
    now = ngx.now, process = function() return ngx.worker.pid() end, alive = is_alive,
  }
end

--- What one worker may use of what all may use together.
function nginx.share(amount)
  return amount / math.max(ngx.worker.count(), 1)
end

return nginx

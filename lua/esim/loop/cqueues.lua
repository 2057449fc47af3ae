--- The host of cqueues, and so of lua-http. In each controller a coroutine of ours watches the descriptor while
-- somebody waits, and hands it back before it ends: a controller breaks on one that is closed behind its back.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local hosts = require "esim.loop.hosts"
local loop = require "esim.loop"
local protect = require "esim.protect"
local waits = require "esim.loop.waits"

local host = { name = "cqueues", spawns = cqueues.running }
local crowds = setmetatable({}, { __mode = "k" })    -- by controller
local watchers = setmetatable({}, { __mode = "kv" }) -- by controller; one may have died, for want of memory
local owners = setmetatable({}, { __mode = "kv" })   -- controllers by those coroutines that they resume themselves

--- Whether a controller resumes the caller, or whom he stands in for: in a coroutine inside of that, cqueues waits not.
function host.here()
  local controller, is_own = cqueues.running()
  if is_own then
    owners[coroutine.running()] = controller
  end
  return controller ~= nil and hosts.may_yield() and owners[protect.running()] == controller
end

function host.spawn(f, ...)
  cqueues.running():wrap(f, ...)
end

local function is_over(thread)
  local controller = owners[thread]
  return not (controller and pcall(controller.count, controller))  -- which a closed one raises
end

local function ring(waiting) waiting.bell:signal() end

local function watch(crowd)
  local controller, fd = cqueues.running(), loop.fd()
  repeat
    cqueues.poll(fd and { pollfd = fd, events = "r" } or 0.01, crowd.bell)
    waits.look()
  until crowd.count == 0
  watchers[controller] = nil
  return fd and controller:cancel(fd)
end

function host.await(pending)
  local controller = cqueues.running()
  local crowd = crowds[controller] or waits.crowd(ring, ring, is_over)
  crowds[controller], crowd.bell, pending.bell = crowd, crowd.bell or condition.new(), pending.bell or condition.new()
  waits.join(crowd, pending)
  local watcher = watchers[controller]
  if crowd.count > 0 and not (watcher and coroutine.status(watcher) ~= "dead") then
    watcher = coroutine.create(waits.bind(watch, crowd))
    controller:attach(watcher)
    watchers[controller] = watcher  -- not before it runs: there may be no memory to attach it
  end
  cqueues.poll(pending.bell)
end

return host

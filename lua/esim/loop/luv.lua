--- The host of luv: a wait suspends its coroutine, and the loop resumes it. While a coroutine waits for what is in
-- flight, a handle of ours watches the descriptor, and keeps the loop running.

local hosts = require "esim.loop.hosts"
local loop = require "esim.loop"
local uv = require "luv"
local waits = require "esim.loop.waits"

local host = { name = "luv", here = hosts.in_coroutine }
local ready = {}       -- who can go on
local poll, turn       -- handles; the user may have closed them with all others

local function is_open(handle)
  return handle ~= nil and not handle:is_closing()
end

local function go_on()
  turn:close()
  waits.drain(ready, waits.resume)
end

-- Not at once: whoever wakes another is in the middle of something.
local function push(waiter)
  ready[#ready + 1] = waiter
  if not is_open(turn) then
    turn = uv.new_timer()
    turn:start(0, 0, go_on)
  end
end

local crowd = waits.crowd(push, function()
  if is_open(poll) then
    poll:close()
  end
end)

local function watch()
  local fd = loop.fd()
  poll = fd and uv.new_poll(fd)
  if not poll then
    poll = uv.new_timer()
    return poll:start(10, 10, waits.look)
  end
  poll:start("r", waits.look)
end

function host.await(pending)
  waits.join(crowd, pending)
  if crowd.count > 0 and not is_open(poll) then
    watch()
  end
  waits.suspend(pending, coroutine.yield)
end

function host.spawn(f, ...)
  push { thread = coroutine.create(waits.bind(f, ...)) }
end

return host

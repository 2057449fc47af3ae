--- The host of copas: a wait suspends its coroutine, and while somebody waits a copas thread of ours looks into the
-- inbox when the descriptor is readable. copas 1 has no sleep: it is given a queue of ours, which forgets who waits.

local copas = require "copas"
local hosts = require "esim.loop.hosts"
local loop = require "esim.loop"
local waits = require "esim.loop.waits"

local host = { name = "copas" }
local ready = {}       -- who can go on
local watcher          -- a copas thread
local resume = copas.wakeup or copas.addthread
local forgetful = { insert = function() end, push = function() end }
local sleep = copas.pauseforever or copas.sleep or function() coroutine.yield(forgetful, forgetful) end

local crowd = waits.crowd(function(pending)
  ready[#ready + 1] = pending
  host.watch()
end)
crowd.may_lose = true  -- copas.removethread ends a coroutine without a word

-- What LuaSocket's select and copas take for a socket: copas asks, waits until it is readable, and asks again.
local inbox = {
  getfd = function() return loop.fd() or -1 end,
  dirty = function() return crowd.count == 0 or #ready > 0 end,
  receive = function(self)
    self.asked = not self.asked
    return not self.asked or nil, "timeout"
  end,
  close = function() end,
}

function host.watch()
  if watcher and coroutine.status(watcher) ~= "dead" then
    return
  end
  watcher = copas.addthread(function()
    repeat
      copas.receive(inbox)
      waits.look()
      waits.drain(ready, resume)
    until crowd.count == 0 and #ready == 0
  end)
end

function host.here()
  return hosts.in_coroutine() and (loop.fd() or 0) < 1024  -- LuaSocket's select takes no others
end

function host.spawn(f, ...)
  copas.addthread(waits.bind(f, ...))
end

function host.await(pending)
  waits.join(crowd, pending)
  host.watch()
  waits.suspend(pending, sleep, -1)
end

return host

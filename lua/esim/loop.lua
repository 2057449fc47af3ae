--- Work in flight, and the ways to wait for it.
-- One inbox in a Lua state; what comes back is handed to the pending it belongs to, and
-- whoever waits for that is woken in the way of its host.

local native = require "esim.native"

local loop = {}

local inbox            -- made at first use: nothing happens at require
local pendings = {}    -- by number
local in_flight = 0
local adapter          -- of esim.use
local scheduler        -- of task.lua: is the caller one of our tasks?

local Pending = {}
Pending.__index = Pending

--- Whether the outcome is there. For schedulers of the user's own.
function Pending:done()
  return self.ready
end

--- The state's inbox. Specs hand in one of their own.
-- @param replacement  an inbox, or nil
function loop.inbox(replacement)
  inbox = replacement or inbox or native.inbox()
  return inbox
end

--- Forget everything that was in flight: for specs.
function loop.reset(replacement)
  pendings, in_flight, inbox, adapter = {}, 0, replacement, nil
end

--- Give a pending its outcome and wake who waits for it.
local function settle(pending, fault, answer)
  pending.ready, pending.fault, pending.answer = true, fault, answer
  if pending.wake then
    pending.wake(pending)
  end
end

--- A pending that something in Lua settles, with `loop.settle`.
function loop.pending()
  return setmetatable({ ready = false }, Pending)
end

loop.settle = settle

-- The process forked: what was in flight is the parent's.
local function lose_all()
  local lost = pendings
  pendings, in_flight = {}, 0
  for _, pending in pairs(lost) do
    settle(pending, "forked", { sent = true })
  end
end

--- Take what the inbox holds; never waits.
-- @return how many pendings were settled
function loop.pump()
  local box, count = loop.inbox(), 0
  while true do
    local id, fault, answer = box:take()
    if id == nil then
      return count
    elseif id == false then
      lose_all()
    else
      local pending = pendings[id]
      if pending then
        if not (pending.kind == "poll" and fault == nil) then
          pendings[id] = nil
          in_flight = in_flight - 1
        end
        settle(pending, fault, answer)
        count = count + 1
      end
    end
  end
end

--- Submit work.
-- @param kind     "request", "order", "poll" or "sleep"
-- @param account  account of the core; for a sleep the seconds
-- @param spec     what to do, see csrc/bind/inbox.c
-- @return pending | nil, fault
function loop.submit(kind, account, spec)
  local box = loop.inbox()
  local id, fault = box[kind](box, account, spec)
  if fault == "forked" then
    loop.pump()
    id, fault = box[kind](box, account, spec)
  end
  if not id then
    return nil, fault
  end
  local pending = setmetatable({ id = id, kind = kind, ready = false }, Pending)
  pendings[id] = pending
  in_flight = in_flight + 1
  return pending
end

--- Look again: the answer that `pending` (a poll) brought was not final.
function loop.again(pending)
  pending.ready, pending.fault, pending.answer = false, nil, nil
  if not loop.inbox():again(pending.id) then
    settle(pending, "forked", { sent = true })
  end
end

--- End `pending`; whoever waits for it finds the fault "cancelled".
function loop.cancel(pending)
  if pendings[pending.id] == pending then
    pendings[pending.id] = nil
    in_flight = in_flight - 1
    loop.inbox():cancel(pending.id)
  end
  if not pending.ready then
    settle(pending, "cancelled", {})
  end
end

--- How much is in flight.
function loop.count()
  return in_flight
end

--- The descriptor that is readable while the inbox holds something.
-- @return descriptor | nil, fault
function loop.fd()
  return loop.inbox():fd()
end

--- Block until something came back or `seconds` are over.
function loop.wait(seconds)
  loop.inbox():wait(seconds)
  return loop.pump()
end

--- task.lua tells how a task waits: `current()` is the running task or nil, `suspend(pending)`.
function loop.schedule(with)
  scheduler = with
end

--- Name the host loop.
-- @param with  table { await = function(pending) … end }, or nil for the plain way
function loop.use(with)
  if with ~= nil and (type(with) ~= "table" or type(with.await) ~= "function") then
    error("esim.use: a table with a function `await` expected", 3)
  end
  adapter = with
end

local function block(pending)
  while not pending.ready do
    loop.wait()
  end
end

--- Wait for `pending` in the host's way.
-- @return fault or nil, answer
function loop.await(pending)
  while not pending.ready do
    if scheduler and scheduler.current() then
      scheduler.suspend(pending)
    elseif adapter then
      adapter.await(pending)
    else
      block(pending)
    end
  end
  return pending.fault, pending.answer
end

return loop

--- Records of exchanges, and the hooks that are given them.

local err = require "esim.err"
local hosts = require "esim.loop.hosts"
local native = require "esim.native"
local protect = require "esim.protect"

local records = {}

local hooks = setmetatable({}, { __mode = "v" })  -- who is given records, by tag
local failed = setmetatable({}, { __mode = "k" }) -- hooks that raised, which was told
local missed = 0       -- records that there was no memory to give to a hook: the next one tells
local about = { {}, {}, turned = 0 }  -- of what was cancelled, by number, of late and before: records may come yet

local LATE = 10        -- seconds in which that record has come: nobody pumped, or the engine has done its lap

--- Records of `pending`, which is cancelled on the wire, come after nobody knows it any more.
function records.remember(pending)
  local now = native.clock()
  if now - about.turned > LATE then
    about[1], about[2], about.turned = {}, about[1], now
  end
  about[1][pending.id] = pending.about
end

local function hand(hook, record, matter, dropped)
  if dropped > 0 then
    record.dropped = dropped
  end
  hook(record, matter or about[1][record.id] or about[2][record.id])
end

local function tell_failed(hook, reason)
  if not failed[hook] then
    failed[hook] = true
    hosts.tell("esim: a log hook failed: " .. (type(reason) == "string" and err.redact(reason) or type(reason)))
  end
end

-- A hook that raises is told once, and goes on being called. `dropped`: those before this one, of which none told yet.
local function give(record, matter, dropped)
  local hook = hooks[record.tag]
  if not hook then
    missed = dropped
    return
  end
  local ok, reason = pcall(hand, hook, record, matter, dropped)
  if ok or reason ~= protect.NO_MEMORY then
    missed = 0
  end
  if not ok then
    tell_failed(hook, reason)
  end
end

--- Give away what records an inbox holds. A record counts as missed until it was given: anything in between may find
-- no memory.
-- @param about_of  function(number): the `about` of what is in flight under it
function records.hear(box, about_of)
  local record = box:record()
  while record do
    local dropped = missed + (record.dropped or 0)
    missed = dropped + 1
    give(record, about_of(record.id), dropped)
    record = box:record()
  end
end

--- Give each record of `tag` to `hook`, from `loop.pump`, wherever that is called: it must not wait.
-- The loop holds neither the hook nor what it refers to: whoever registers it keeps it (a client in its own inner
-- table), and once the collector has taken it the records of that tag are given to nobody.
-- @param tag   number, the `tag` of what is submitted; one that nobody else uses
-- @param hook  function(record, about), or nil
function records.hook(tag, hook)
  hooks[tag] = hook
end

return records

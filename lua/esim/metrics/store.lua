--- Where metrics count: in this Lua state alone, or in what all processes of the host share.
-- A gauge of a process is its own; those of processes that have ended are left out, and forgotten.

local loop = require "esim.loop"

local store = {}

local HEAD = "esim.metrics\n"  -- others may use the same dictionary
local GAUGE = "gauge\n"

local Own = {}
Own.__index = Own

--- A store of this Lua state's.
function store.own()
  return setmetatable({ numbers = {} }, Own)
end

--- Add to the number of `key`, a text.
function Own:add(key, by)
  self.numbers[key] = (self.numbers[key] or 0) + by
end

Own.gauge = Own.add

--- All numbers, by key; of gauges the sum over all processes.
function Own:all()
  local copy = {}
  for key, number in pairs(self.numbers) do
    copy[key] = number
  end
  return copy
end

local Shared = {}
Shared.__index = Shared

--- A store that all processes of the host share.
-- @param name  of a lua_shared_dict
-- @return store | nil: there is none of that name
function store.shared(name)
  local dictionary = loop.store(name)
  return dictionary and setmetatable({ dictionary = dictionary, gauges = {} }, Shared)
end

function Shared:add(key, by)
  self.dictionary.incr(HEAD .. key, by)
end

--- Add to what this process has of `key`: it alone writes its part.
function Shared:gauge(key, by)
  local number = (self.gauges[key] or 0) + by
  self.gauges[key] = number
  self.dictionary.set(("%s%s%d\n%s"):format(HEAD, GAUGE, self.dictionary.process(), key), number)
end

-- What a gauge's entry adds to: its key, and whether its process lives.
local function part_of(self, key)
  local process, name = key:match("^" .. GAUGE .. "(%d+)\n(.*)$")
  return name, process and self.dictionary.alive(tonumber(process))
end

function Shared:all()
  local all = {}
  for _, name in ipairs(self.dictionary.keys()) do
    local key = name:sub(1, #HEAD) == HEAD and name:sub(#HEAD + 1)
    local gauge, lives = part_of(self, key or "")
    if gauge and not lives then
      self.dictionary.delete(name)
    elseif key then
      all[gauge or key] = (all[gauge or key] or 0) + (self.dictionary.get(name) or 0)
    end
  end
  return all
end

return store

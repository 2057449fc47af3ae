--- What the sandbox remembers, in the shared dictionary `esim`: any number of workers play one provider.

local cjson = require "cjson"

local ngx = ngx  -- luacheck: ignore

local store = {}

local json = cjson.new()
local state = ngx.shared.esim

local ALPHABET = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"

store.encode = json.encode

--- Options of sandbox.start, for every file that needs one.
store.settings = {}

--- What JSON text holds, or nil.
function store.decode(text)
  local ok, value = pcall(json.decode, text or "")
  return ok and value or nil
end

--- JSON of a list: an empty one too is written as a list.
function store.encode_list(list)
  return #list == 0 and "[]" or json.encode(list)
end

function store.get(key)
  local text = state:get(key)
  return text and json.decode(text)
end

function store.put(key, value)
  state:set(key, json.encode(value))
end

--- Put what is not there yet.
-- @return whether it was not
function store.add(key, value)
  return state:add(key, json.encode(value))
end

function store.drop(key)
  state:delete(key)
end

--- Count one more under a key.
-- @return how many there are now
function store.count(key)
  return state:incr(key, 1, 0)
end

function store.counted(key)
  return state:get(key) or 0
end

--- Add to a list. Its entries are kept under numbers, so that many may read it at a time.
function store.push(list, value)
  state:set(list .. "#" .. state:incr(list .. "#", 1, 0), value)
end

--- The entries of a list, in order.
function store.each(list)
  local i, n = 0, store.counted(list .. "#")
  return function()
    while i < n do
      i = i + 1
      local value = state:get(list .. "#" .. i)
      if value ~= nil then   -- another worker may have counted it, and not written it yet
        return value
      end
    end
  end
end

function store.forget_all()
  state:flush_all()
end

function store.random_text(length)
  local out = {}
  for i = 1, length do
    local n = math.random(#ALPHABET)
    out[i] = ALPHABET:sub(n, n)
  end
  return table.concat(out)
end

--- A number with its Luhn digit.
function store.luhn(digits)
  local sum, double = 0, true
  for i = #digits, 1, -1 do
    local d = tonumber(digits:sub(i, i))
    if double then
      d = d * 2 > 9 and d * 2 - 9 or d * 2
    end
    sum, double = sum + d, not double
  end
  return digits .. (10 - sum % 10) % 10
end

function store.new_id()
  local hex = ngx.md5(ngx.now() .. math.random() .. ngx.worker.pid() .. state:incr("serial", 1, 0))
  return ("%s-%s-4%s-a%s-%s"):format(hex:sub(1, 8), hex:sub(9, 12), hex:sub(14, 16), hex:sub(18, 20), hex:sub(21, 32))
end

return store

--- JSON (RFC 8259), through a private instance of lua-cjson: the settings of the host's own instance neither matter
-- nor change.

local cjson = require "cjson".new()

local json = {}

local DEPTH = 32  -- levels of nesting, either way

cjson.encode_max_depth(DEPTH)
cjson.decode_max_depth(DEPTH)
cjson.encode_invalid_numbers(false)
cjson.decode_invalid_numbers(false)
cjson.encode_keep_buffer(false)  -- it would hold what was ordered

--- JSON's null; the same value in every instance of lua-cjson.
json.null = cjson.null

-- Digits in a row from which on a double may lose some.
local LONG = ("%d"):rep(16)

-- Numbers outside of strings that a double cannot hold become strings, so that an ICCID sent as a number survives.
local function quote_long_numbers(text)
  local out, from = {}, 1
  local function plain(piece)
    out[#out + 1] = piece:gsub("(%-?[%d.eE+%-]+)", function(number)
      return number:find("^%-?%d+$") and number:find(LONG) and '"' .. number .. '"' or nil
    end)
  end
  while true do
    local open = text:find('"', from, true)
    if not open then break end
    local close = open
    repeat
      close = text:find('["\\]', close + 1)
      local escape = close and text:byte(close) == 92
      if escape then close = close + 1 end
    until not escape
    if not close then break end
    plain(text:sub(from, open - 1))
    out[#out + 1] = text:sub(open, close)
    from = close + 1
  end
  plain(text:sub(from))
  return table.concat(out)
end

-- `value` without nulls: a field that is null is absent, a null in a list is left out.
local function without_nulls(value)
  if type(value) ~= "table" then return value end
  local result, count = {}, 0
  local length = #value
  for i = 1, length do
    if value[i] ~= cjson.null then
      count = count + 1
      result[count] = without_nulls(value[i])
    end
  end
  for key, item in pairs(value) do
    local listed = type(key) == "number" and key >= 1 and key <= length
    if not listed and item ~= cjson.null then result[key] = without_nulls(item) end
  end
  return result
end

--- Reads JSON text. Null becomes nil, a whole number of 16 digits or more becomes a string.
-- @tparam string text
-- @return the value; or nil and what is wrong, in words that quote nothing of the text
function json.decode(text)
  text = text:gsub("^\239\187\191", "")  -- a byte order mark
  if text:find(LONG) then text = quote_long_numbers(text) end
  local ok, value = pcall(cjson.decode, text)
  if not ok then return nil, "is not JSON" end
  return without_nulls(value)
end

local function number_copy(value, path)
  if value ~= value or value == math.huge or value == -math.huge then
    return nil, path .. " is not a finite number"
  end
  -- lua-cjson writes 14 digits: they round away what binary fractions add, but must not change a whole number.
  if value % 1 == 0 and tonumber(("%.14g"):format(value)) ~= value then
    return nil, path .. " has more than 14 digits: give it as a string"
  end
  return value
end

local plain = { string = true, boolean = true, number = true, table = true }

local function child(path, key)
  if type(key) == "number" then return ("%s[%d]"):format(path, key) end
  return path == "" and key or path .. "." .. key
end

local copy

local function table_copy(value, path, depth)
  if depth == 0 then return nil, path .. " is nested too deeply" end
  local result, count, length = {}, 0, #value
  for key, item in pairs(value) do
    if type(key) == "number" and not (key >= 1 and key <= length and key % 1 == 0) or
       type(key) ~= "number" and (type(key) ~= "string" or length > 0) then
      return nil, (path == "" and "the table" or path) .. " is neither a list nor a table of named fields"
    end
    local copied, problem = copy(item, child(path, key), depth - 1)
    if problem then return nil, problem end
    result[key], count = copied, count + 1
  end
  if length > 0 and count ~= length then return nil, path .. " is a list with holes" end
  return result
end

function copy(value, path, depth)
  local kind = type(value)
  if value == cjson.null then return value end
  if not plain[kind] then return nil, ("%s is a %s"):format(path, kind) end
  if kind == "number" then return number_copy(value, path) end
  if kind == "table" then return table_copy(value, path, depth) end
  return value
end

--- A deep copy of what can be written as JSON without loss.
-- @tparam table value nested at most 30 levels
-- @return the copy; or nil and a sentence that names the field which cannot be written
function json.copy(value)
  return copy(value, "", DEPTH - 2)
end

--- Writes JSON text. An empty table becomes an object; numbers keep 14 significant digits.
-- @tparam table value what json.copy() gave
-- @treturn string
function json.encode(value)
  return cjson.encode(value)
end

return json

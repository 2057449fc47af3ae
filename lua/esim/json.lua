--- JSON, through an instance of lua-cjson that nobody else's settings reach.

local cjson = require "cjson"

local json = {}

local find = string.find

local instance = cjson.new()
instance.encode_number_precision(14)  -- 17 would write a price of 8.7 as 8.6999999999999993
instance.encode_sparse_array(false)
instance.decode_max_depth(64)
instance.encode_max_depth(64)

local MOST = 1e14  -- whole numbers from here on would lose digits: they are written with an exponent

local function is_exact(value)
  local kind = type(value)
  if kind == "number" then
    return value % 1 ~= 0 or (value < MOST and value > -MOST)
  elseif kind == "table" then
    for _, inner in pairs(value) do
      if not is_exact(inner) then
        return false
      end
    end
  end
  return true
end

local function without_nulls(value)
  if value == cjson.null then
    return nil
  end
  if type(value) == "table" then
    for key, inner in pairs(value) do
      value[key] = without_nulls(inner)
    end
  end
  return value
end

--- Encode a value.
-- @param value  table, string, number or boolean
-- @return text | nil, reason
function json.encode(value)
  local ok, text = pcall(instance.encode, value)
  if not ok then
    return nil, (tostring(text):gsub("^.-:%d+: ", ""))
  elseif find(text, "e+", 1, true) and not is_exact(value) then
    return nil, "holds a number of more than 14 digits: write it as a text"
  end
  return text
end

--- Decode a text; what is null in it becomes nil.
-- @param text  string
-- @return value | nil, reason (which holds nothing of the text)
function json.decode(text)
  local ok, value = pcall(instance.decode, text)
  if not ok then
    return nil, "is not JSON"
  end
  if find(text, "null", 1, true) then  -- else there is none, and the value need not be walked through
    value = without_nulls(value)
  end
  if value == nil then
    return nil, "is null"
  end
  return value
end

return json

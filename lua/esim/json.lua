--- JSON, through an instance of lua-cjson that nobody else's settings reach.

local cjson = require "cjson"

local json = {}

local instance = cjson.new()
instance.encode_number_precision(14)
instance.encode_sparse_array(false)
instance.decode_max_depth(64)
instance.encode_max_depth(64)

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
  end
  return text
end

--- Decode a text; null becomes nil.
-- @param text  string
-- @return value | nil, reason (which holds nothing of the text)
function json.decode(text)
  local ok, value = pcall(instance.decode, text)
  if not ok then
    return nil, "is not JSON"
  end
  return without_nulls(value)
end

return json

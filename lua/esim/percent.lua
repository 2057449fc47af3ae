--- Percent-encoding (RFC 3986 section 2.1), for what stands in a path, a query or a form.

local percent = {}

local function written(c)
  return string.format("%%%02X", c:byte())
end

local function read(hex)
  return string.char(tonumber(hex, 16))
end

--- Encode what is not unreserved.
-- @param text  string
function percent.encode(text)
  if not text:find "[^%w%-._~]" then  -- as most are
    return text
  end
  return (text:gsub("[^%w%-._~]", written))
end

--- Decode what `encode` wrote.
function percent.decode(text)
  return (text:gsub("%%(%x%x)", read))
end

--- Names and values as a query or a form: `a=1&b=2`, in the order of the names.
-- @param fields  table of name = string or number
function percent.form(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = percent.encode(name) .. "=" .. percent.encode(tostring(value))
  end
  table.sort(parts)
  return table.concat(parts, "&")
end

return percent

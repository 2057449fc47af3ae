--- An entry as one line of text: name=value, in quotes where it must be.

local line = {}

local ORDER = {
  "what", "state", "outcome", "abandoned", "known", "kind", "method", "path", "status", "fault", "correlation_id",
  "order_id", "seconds", "attempt", "again", "retry_after", "bytes_sent", "bytes_received", "dns", "connect", "tls",
  "first_byte", "total", "at", "dropped", "err",
}
local FINE = { accepted = true, fetched = true, completed = true, cancelled = true }

local function text_of(value, name)
  if type(value) == "number" then
    local whole = value == math.floor(value) and math.abs(value) < 2 ^ 53
    return (name == "at" and "%.3f" or whole and "%d" or "%.6g"):format(value)
  end
  local text = tostring(value):gsub("%c", " ")
  if text == "" or text:find('[ "=\\]') then
    return '"' .. text:gsub('["\\]', "\\%0") .. '"'
  end
  return text
end

--- The line.
function line.of(entry)
  local parts = { "esim" }
  for _, name in ipairs(ORDER) do
    if entry[name] ~= nil then
      parts[#parts + 1] = name .. "=" .. text_of(entry[name], name)
    end
  end
  return table.concat(parts, " ")
end

--- Whether it tells of something that failed; what somebody ended did not.
function line.is_failed(entry)
  if entry.what == "exchange" then
    local met = entry.fault == nil and entry.status or 0
    return entry.fault ~= "cancelled" and not (met >= 200 and met < 300)
  end
  return entry.abandoned or not (entry.state == "begun" or FINE[entry.outcome])
end

return line

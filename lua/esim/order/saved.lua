--- An order as one line of text, by which another process goes on with it. No secret is in it.

local experience = require "esim.experience"
local percent = require "esim.percent"

local saved = {}

--- @param fields  id, created (seconds since 1970), correlation_id, status and kind (see esim.experience) or nil
-- @return string
function saved.write(fields)
  local parts = {
    "esim-order 1", "id=" .. percent.encode(fields.id), "created=" .. string.format("%d", fields.created),
  }
  if fields.correlation_id then
    parts[#parts + 1] = "correlation_id=" .. percent.encode(fields.correlation_id)
  end
  if fields.status then
    parts[#parts + 1] = "status=" .. percent.encode(fields.status)
  end
  if fields.kind then
    parts[#parts + 1] = "kind=" .. percent.encode(fields.kind)
  end
  parts[#parts + 1] = "end"
  return table.concat(parts, " ")
end

local HEAD = "esim-order "

local function read_id(id)
  if id ~= "" and HEAD:sub(1, #id) == id then
    return nil, "is a saved order that was cut short"
  elseif id == "" or id:find("[%c%s]") then
    return nil, "is no order id and no saved order"
  end
  return { id = id, created = os.time(), bare = true }
end

local function read_fields(text)
  local fields = {}
  for name, value in text:gmatch("(%S-)=(%S*)") do
    fields[name] = percent.decode(value)
  end
  local id, created = fields.id, (fields.created or ""):match("^%d+$")
  if not id or id == "" or id:find("[%c%s]") or not created or #created > 12 then
    return nil, "is no saved order"
  end
  local status = fields.status
  if status == "COMPLETED" or status == "FAILED" then
    status = nil  -- the outcome itself was not saved: look once more
  end
  return {
    id = id, created = tonumber(created), correlation_id = fields.correlation_id, status = status,
    kind = experience.is_kind(fields.kind) and fields.kind or nil,
  }
end

--- What `write` wrote, or a bare id.
-- @param line  string
-- @return { id, correlation_id, created (seconds since 1970), status, kind; bare: it was an id alone } |
--   nil, what is wrong
function saved.read(line)
  local version, rest = line:match("^esim%-order (%d+)(.*)$")
  if not version then
    return read_id(line)
  elseif version ~= "1" then
    return nil, "was saved by a later version of this module"
  end
  local text = rest:match("^ (.*) end%s*$")
  if not text then
    return nil, "is a saved order that was cut short"
  end
  return read_fields(text)
end

return saved

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

local NAMES = { id = true, created = true, correlation_id = true, status = true, kind = true }

-- From its place `at` on. gmatch would leave the collector half a KB for each of a hundred thousand.
local function gather(fields, line, at)
  fields.id, fields.created, fields.correlation_id, fields.status, fields.kind = nil, nil, nil, nil, nil
  while true do
    local _, last, name, value = line:find("(%S-)=(%S*)", at)
    if not last then
      return fields
    elseif NAMES[name] then
      fields[name] = percent.decode(value)
    end
    at = last + 1
  end
end

local function read_fields(fields, line, at)
  gather(fields, line, at)
  local id, created = fields.id, (fields.created or ""):match("^%d+$")
  if not id or id == "" or id:find("[%c%s]") or not created or #created > 12 then
    return nil, "is no saved order"
  end
  fields.created = tonumber(created)
  if fields.status == "COMPLETED" or fields.status == "FAILED" then
    fields.status = nil  -- the outcome itself was not saved: look once more
  end
  fields.kind = experience.is_kind(fields.kind) and fields.kind or nil
  return fields
end

--- What `write` wrote, or a bare id.
-- @param line  string
-- @param into  what another call returned and nobody needs any more, or nil
-- @return { id, correlation_id, created (seconds since 1970), status, kind; bare: it was an id alone } |
--   nil, what is wrong
function saved.read(line, into)
  local version, at = line:match("^esim%-order (%d+)()")
  if not version then
    return read_id(line)
  elseif version ~= "1" then
    return nil, "was saved by a later version of this module"
  end
  if not line:find("^ .* end%s*$", at) then
    return nil, "is a saved order that was cut short"
  end
  return read_fields(into or {}, line, at)
end

return saved

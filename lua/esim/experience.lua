--- What a client's orders took, by their kind, as plain text. The core learns it (csrc/core/experience.h).
-- A kind is an operation and its products, percent-encoded: "NEW_ESIM cm9k".

local err = require "esim.err"
local native = require "esim.native"
local percent = require "esim.percent"

local experience = {}

local LONGEST = 255  -- characters of a kind that the core keeps apart
local MOST = 512     -- kinds in a text
local HEAD, VERSION, LAST = "esim-experience", "1", "end"

local function kind_of(operation, products)
  local ids = {}
  for i, id in ipairs(products or {}) do
    ids[i] = percent.encode(tostring(id))
  end
  table.sort(ids)
  local word = percent.encode(tostring(operation))
  local kind = #ids > 0 and word .. " " .. table.concat(ids, ",") or word
  kind = #kind <= LONGEST and kind or word
  return experience.is_kind(kind) and kind or nil
end

local last = {}  -- operation, product and kind of the last order of one product: the next one is most often like it

--- The kind of an order.
-- @param operation  operationType
-- @param products   list of product ids, or nil
-- @return string, or nil where it has none that can be told
function experience.kind(operation, products)
  local product = products and products[1]
  if type(product) ~= "string" or products[2] ~= nil then
    return kind_of(operation, products)
  elseif last.operation ~= operation or last.product ~= product then
    last = { operation = operation, product = product, kind = kind_of(operation, products) }
  end
  return last.kind
end

--- Whether `text` is a kind.
function experience.is_kind(text)
  return type(text) == "string" and #text <= LONGEST and text:find("^[%w%-._~%%]+ ?[%w%-._~%%,]*$") ~= nil
end

--- A kind, where it can be written down: one that holds what looks like a secret cannot.
-- @return kind | nil
function experience.tellable(kind, secrets)
  if kind and err.redact(percent.decode(kind), secrets) == percent.decode(kind) then
    return kind
  end
end

--- All that an account has learned.
-- @param account  of the core
-- @param secrets  list of strings that must not appear
-- @return text, of lines
function experience.write(account, secrets)
  local lines = {}
  for _, kind in ipairs(account:kinds()) do
    local text = account:experience(kind)
    if text ~= "" and experience.tellable(kind, secrets) then
      lines[#lines + 1] = (kind:gsub(" ", "=")) .. " " .. text
    end
  end
  table.sort(lines)
  table.insert(lines, 1, HEAD .. " " .. VERSION)
  lines[#lines + 1] = LAST .. "\n"
  return table.concat(lines, "\n")
end

-- One line, tried on an experience of its own: kind, its numbers | nil, what is wrong.
local function read_line(line, trial)
  local name, numbers = line:match("^(%S+) (.*)$")
  local kind = name and name:gsub("=", " ", 1)
  if not kind or not experience.is_kind(kind) then
    return nil, "names no kind of orders"
  elseif numbers:find("%z") or not trial:load(numbers) then
    return nil, "holds what is no number of an experience"
  end
  return kind, numbers
end

local function read_lines(text)
  local version, rest = text:match("^" .. HEAD:gsub("%p", "%%%0") .. " (%d+)\n(.*)$")
  if not version then
    return nil, "is no saved experience"
  elseif version ~= VERSION then
    return nil, "was saved by a later version of this module"
  end
  local trial, list, over = native.experience(), {}, false
  for line in rest:gmatch("([^\n]*)\n") do
    if over then
      return nil, "goes on after its end"
    elseif line == LAST then
      over = true
    elseif #list >= MOST then
      return nil, "holds too many kinds of orders"
    else
      local kind, numbers = read_line(line, trial)
      if not kind then
        return nil, ("is damaged: line %d %s"):format(#list + 2, numbers)
      end
      list[#list + 1] = { kind, numbers }
    end
  end
  if not over then
    return nil, "was cut short"
  end
  return list
end

--- Have an account know what `write` wrote. What there is no memory for is not known: orders go on without.
-- @return true | nil, what is wrong: then nothing is changed
function experience.read(account, text)
  local list, reason = read_lines(text)
  if not list then
    return nil, reason
  end
  for _, item in ipairs(list) do
    account:experience(item[1], item[2])
  end
  return true
end

return experience

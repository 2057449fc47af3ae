--- Activation codes (GSMA SGP.22 section 4.1): text and fields.

local err = require "esim.err"
local native = require "esim.native"

local code = {}

local function invalid(fault)
  return nil, err.new("invalid", { field = fault, message = "the activation code " .. native.faults[fault] })
end

--- Read an activation code, with or without "LPA:".
-- @param text     string
-- @param options  { lenient = true }: `_` and `.` in the matching id too
-- @return { smdp, matching_id, oid, confirmation_code_required } | nil, err with `field`: fields,
--   format, address, matching_id, oid, flag or length
function code.parse(text, options)
  if type(text) ~= "string" then
    error("esim.code.parse: text expected, got " .. type(text), 2)
  end
  local fields, fault = native.parse(text, options and options.lenient or false)
  if not fields then
    return invalid(fault)
  end
  return fields
end

--- Write an activation code.
-- @param fields   table as parse returns
-- @param options  { prefix = false }: without "LPA:"; { lenient = true } as in parse
-- @return text | nil, err with `field`
function code.format(fields, options)
  if type(fields) ~= "table" then
    error("esim.code.format: table expected, got " .. type(fields), 2)
  end
  options = options or {}
  local own = {  -- the core reads no metatable
    smdp = fields.smdp, matching_id = fields.matching_id, oid = fields.oid,
    confirmation_code_required = fields.confirmation_code_required,
  }
  local text, fault = native.format(own, options.prefix ~= false, options.lenient or false)
  if not text then
    return invalid(fault)
  end
  return text
end

return code

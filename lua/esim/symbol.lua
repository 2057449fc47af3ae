--- Text as a QR symbol (ISO/IEC 18004).

local native = require "esim.native"

local symbol = {}

local KNOWN = { level = true, boost = true }

--- Make a symbol.
-- @param text     string without NUL
-- @param options  level = "L", "M" (default), "Q" or "H"; boost (default true): the strongest level that
--   fits the same version
-- @return symbol with .size .version .level, :at(x, y), :png, :svg, :text, :data_uri | nil, reason
function symbol.new(text, options)
  if type(text) ~= "string" then
    error("esim.qr: text expected, got " .. type(text), 2)
  end
  options = options or {}
  for name in pairs(options) do
    if not KNOWN[name] then
      error("esim.qr: unknown option " .. tostring(name), 2)
    end
  end
  local made, fault = native.symbol(text, options.level or "M", options.boost ~= false)
  if not made then
    return nil, "the text " .. (native.faults[fault] or fault)
  end
  return made
end

return symbol

--- What the customer installs: the profile of a completed order.

local code = require "esim.code"
local symbol = require "esim.symbol"

local profile = {}

local Profile = {}
Profile.__index = Profile

function Profile:__tostring()
  return "esim.profile: ICCID " .. tostring(self.iccid or "unknown")
end

local function text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

-- Before 2020 the address came with a scheme; a trailing slash is seen too.
local function bare_host(address)
  return address and (address:gsub("^%a+://", ""):gsub("/+$", ""))
end

local function note(self, sentence)
  self.notes[#self.notes + 1] = sentence
end

-- What the provider issues is written as it came: lenient, or the customer would be left without a code.
local LENIENT = { lenient = true }

local function usable(fields)
  return code.format(fields, LENIENT) and fields
end

-- smdpUrl and matchingId win over lpa_url, which the provider is known to garble.
local function settle_code(self, lpa)
  local said = lpa and code.parse(lpa, LENIENT)
  local id = self.matching_id or (said and said.matching_id == "" and "") or nil
  local built = self.smdp and id and usable { smdp = self.smdp, matching_id = id }
  if not said and not built then
    note(self, lpa and "lpa_url is malformed and cannot be rebuilt" or "no activation code came back")
    return nil
  elseif not said then
    note(self, lpa and "lpa_url was malformed: rebuilt from smdpUrl and matchingId"
      or "lpa_url was missing: built from smdpUrl and matchingId")
    return built
  elseif not built then
    note(self, "smdpUrl or matchingId was missing or unusable: taken from lpa_url")
    return said
  elseif said.smdp:lower() ~= built.smdp:lower() or said.matching_id ~= built.matching_id then
    note(self, "lpa_url disagreed with smdpUrl and matchingId, which win")
    return built
  end
  return said
end

local function set_code(self, fields)
  self.text = code.format(fields, LENIENT)
  self.smdp, self.matching_id = fields.smdp, fields.matching_id
  self.confirmation = fields.confirmation_code_required
end

--- The profile in a completed order's `output`.
-- @param output  table of the provider's fields
-- @return profile with .iccid .matching_id .smdp .subscription_id .qrcode_url .raw .notes
function profile.new(output)
  local self = setmetatable({ raw = output, notes = {} }, Profile)
  self.iccid = text(output.iccid)
  self.matching_id = text(output.matchingId) or text(output.matching_id)
  self.smdp = bare_host(text(output.smdpUrl) or text(output.smdp_url))
  self.subscription_id = text(output.subscription_id)
  self.qrcode_url = text(output.qrcode_url)
  local lpa = text(output.lpa_url) or text(output._lpa)
  if not self.matching_id and not lpa then
    note(self, "no matching id came back: a top-up has no activation code")
    return self
  end
  local fields = settle_code(self, lpa)
  if fields then
    set_code(self, fields)
  end
  return self
end

--- The activation code (SGP.22 section 4.1).
-- @param options  { prefix = false }: without "LPA:"
-- @return text, or nil for a top-up
function Profile:code(options)
  if self.text and options and options.prefix == false then
    return (self.text:gsub("^LPA:", ""))
  end
  return self.text
end

--- The activation code as a QR symbol.
-- @param options  { level = "M", boost = true }
-- @return symbol, or nil and a reason for a top-up
function Profile:qr(options)
  if not self.text then
    return nil, "a profile without an activation code has no QR symbol"
  end
  return symbol.new(self.text, options)
end

--- What to type where no camera reads the QR symbol.
-- @return { address, matching_id, confirmation_code_required }, or nil for a top-up
function Profile:manual()
  if not self.text then
    return nil
  end
  return {
    address = self.smdp, matching_id = self.matching_id,
    confirmation_code_required = self.confirmation or false,
  }
end

return profile

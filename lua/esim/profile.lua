--- What the customer installs: the profile of a completed order.

local code = require "esim.code"
local err = require "esim.err"
local misuse = require "esim.misuse"
local page = require "esim.page"
local percent = require "esim.percent"
local symbol = require "esim.symbol"
local words = require "esim.words"

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
  if address and address:find("/", 1, true) then
    address = address:gsub("^%a+://", ""):gsub("/+$", "")
  end
  return address
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
-- @return profile with .iccid .matching_id .smdp .subscription_id .qrcode_url .raw .notes, and
--   .topup (true) where there is nothing to install
function profile.new(output)
  local self = setmetatable({
    raw = output, notes = {}, iccid = text(output.iccid),
    matching_id = text(output.matchingId) or text(output.matching_id),
    smdp = bare_host(text(output.smdpUrl) or text(output.smdp_url)),
    subscription_id = text(output.subscription_id), qrcode_url = text(output.qrcode_url),
  }, Profile)
  local lpa = text(output.lpa_url) or text(output._lpa)
  if not self.matching_id and not lpa then
    self.topup = true
    note(self, "no matching id came back: a top-up has no activation code")
    return self
  end
  local fields = settle_code(self, lpa)
  if fields then
    set_code(self, fields)
  end
  return self
end

--- Whether `value` is a profile.
function profile.is(value)
  return getmetatable(value) == Profile
end

--- The activation code (SGP.22 section 4.1).
-- @param options  { prefix = false }: without "LPA:"
-- @return text, or nil for a top-up
function Profile:code(options)
  if options ~= nil then
    misuse.check(options, { prefix = "boolean" }, "profile:code", 2)
  end
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
  local made, reason = symbol.new(self.text, options, 2)
  return made, reason  -- no tail call, which would hide whose line it is
end

-- Where a link opens what the camera else would.
local LINKS = {
  ios = "https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=",
  android = "https://esimsetup.android.com/esim_qrcode_provisioning?carddata=",
}
local NEEDS = { ios = "iOS 17.4", android = "Android 10", windows = "Windows 11 24H2" }
local NOTES = {
  ios = "fails inside the web view of another app: it must be opened in the browser",
  android = "works on most phones, but is not documented by Google: offer it beside the QR code, never alone",
  windows = "for computers with a modem and an eSIM",
}

--- Links that open the system's own dialogue. They hold the code: whoever has one can take the line.
-- @return { ios, android, windows, needs = { the system's version that each needs, at least }, notes = { what there is
--   to know of each } }, or nil for a top-up or an invalid code
function Profile:links()
  if not self.text then
    return nil
  end
  local data = percent.encode(self.text)
  return {
    ios = LINKS.ios .. data, android = LINKS.android .. data,
    windows = "lpa:" .. self:code { prefix = false },  -- a URI of its own: nothing in a valid code needs encoding
    needs = misuse.copy(NEEDS), notes = misuse.copy(NOTES),
  }
end

-- What iOS and Android ask for: an empty matching id is left empty, and a confirmation code is not ours to tell.
local function fields_of(self, texts)
  local ios = {
    { label = texts.ios_address, value = self.smdp },
    { label = texts.ios_code, value = self.matching_id, note = self.matching_id == "" and texts.code_empty or nil },
  }
  local android = {
    { label = texts.android_code, value = self:code { prefix = false }, note = texts.android_prefix },
  }
  if self.confirmation then
    ios[3] = { label = texts.ios_confirmation, note = texts.confirmation_note }
    android[2] = { label = texts.android_confirmation, note = texts.confirmation_note }
  end
  return ios, android
end

--- What to type where no camera reads the QR symbol.
-- @param options  { language = "en" }: of the labels, as in `page`
-- @return { address, matching_id, confirmation_code_required, code (without "LPA:"), ios, android: lists of
--   { label, value, note } in the words that the settings use, value nil for a confirmation code that the shop tells };
--   nil for a top-up; nil, err for an unknown language
function Profile:manual(options)
  if options ~= nil then
    misuse.check(options, { language = true }, "profile:manual", 2)
  end
  local texts, e = words.of((options or {}).language, 2)
  if not texts or not self.text then
    return nil, e
  end
  local ios, android = fields_of(self, texts)
  return {
    address = self.smdp, matching_id = self.matching_id, code = self:code { prefix = false },
    confirmation_code_required = self.confirmation or false, ios = ios, android = android,
  }
end

--- The install page: one self-contained HTML file, to be served, mailed or saved. It holds the code.
-- @param options  brand, colour, logo_svg, language, help_url: as for page.settle
-- @return HTML | nil, err of kind `invalid` for an option's value, or `answer` where the provider's code cannot be used
function Profile:page(options)
  local settled, e = page.settle(options, 2)
  if not settled then
    return nil, e
  end
  local html, reason = page.install(self, settled)
  if not html then
    return nil, err.new("answer", { message = reason })
  end
  return html  -- and not its policy, which would end up in the file too
end

return profile

--- The headers of a mail (RFC 5322): what stands in them is one line, whatever was handed in.

local words = require "esim.words"

local head = {}

local LONGEST = 400         -- bytes of a text
local ADDRESS = 254         -- of an address (RFC 5321 section 4.5.3.1.3, without its brackets)
local LOCAL = 64            -- of what stands before its @
local LABEL = 63            -- of what stands between two dots behind it (RFC 1035 section 2.3.4)
local PLAIN = 60            -- bytes of a text up to which its line is no longer than 78, as RFC 5322 wants
local CHUNK = 39            -- bytes in an encoded word: its line is no longer than 76 (RFC 2047 section 2)

--- Whether `text` may stand in a header: UTF-8 without a line break (Unicode's own among them), a NUL or another
-- control character.
function head.is_text(text)
  return #text <= LONGEST and words.is_text(text) and not text:find "\226\128[\168\169]"
end

local DAYS = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" }
local MONTHS = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" }

--- @param seconds  since 1970
-- @return date and time in UTC (RFC 5322 section 3.3), in no locale's words
function head.date(seconds)
  local at = os.date("!*t", seconds)
  return ("%s, %02d %s %04d %02d:%02d:%02d +0000"):format(DAYS[at.wday], at.day, MONTHS[at.month], at.year, at.hour,
    at.min, at.sec)
end

-- What has dots between letters, digits and the signs in `set`, a pattern.
local function is_dotted(text, set)
  return text:find("^[A-Za-z0-9" .. set .. ".]+$") and not text:find("^%.") and not text:find("%.$")
    and not text:find("..", 1, true)
end

-- Labels of letters, digits and hyphens between them (RFC 1123 section 2.1).
local function is_domain(text)
  for label in text:gmatch "[^.]+" do
    if #label > LABEL or label:find "^%-" or label:find "%-$" then
      return false
    end
  end
  return is_dotted(text, "%-")
end

-- Both sides of an address, or of a message's id (RFC 5322 section 3.4.1): quoted ones are not taken.
local function split(text)
  local before, domain = text:match "^([^@]*)@([^@]*)$"
  if before and #text <= ADDRESS and #before <= LOCAL and is_dotted(before, "!#$%%&'*+/=?^_`{|}~%-")
    and is_domain(domain) then
    return before, domain
  end
end

-- The name before an address, out of its quotes | nil: it is none, but the begin of a list of mailboxes.
local function name_of(text)
  local quoted = text:match '^"(.*)"$'
  if quoted then
    return not quoted:gsub("\\.", ""):find '["\\]' and quoted:gsub("\\(.)", "%1") or nil
  end
  return not text:find "[<>]" and not text:find "@.*[,;]" and text or nil
end

--- Read a mailbox.
-- @param text  "shop@example.com" or "Shop <shop@example.com>"; a name with < or >, and one that begins and ends with
--   a quote, must be in quotes
-- @return { name or "", address, domain } | nil
function head.mailbox(text)
  if not head.is_text(text) then
    return nil
  end
  local before, address = text:match "^ *(.-) *<([^<>]*)> *$"
  if not before then
    before, address = "", text:match "^ *(.-) *$"
  end
  local name, _, domain = name_of(before), split(address)
  return name and domain and { name = name, address = address, domain = domain }
end

--- Read a message's id, with or without its brackets.
-- @return it with brackets | nil
function head.id(text)
  local inner = text:match "^<(.*)>$" or text
  return split(inner) and "<" .. inner .. ">"
end

-- Where the character that holds byte `at` begins.
local function begin_of(text, at)
  while at > 1 and text:find("^[\128-\191]", at) do
    at = at - 1
  end
  return at
end

-- A text as encoded words (RFC 2047), each a line and each of whole characters.
local function encoded(text, base64)
  local list, at = {}, 1
  while at <= #text do
    local beyond = at + CHUNK > #text and #text + 1 or begin_of(text, at + CHUNK)
    list[#list + 1] = "=?UTF-8?B?" .. base64(text:sub(at, beyond - 1)) .. "?="
    at = beyond
  end
  return table.concat(list, "\r\n ")
end

-- A space at an end would not arrive.
local function is_plain(text)
  return #text <= PLAIN and not text:find "[\128-\255]" and not text:find("=?", 1, true)
    and not text:find "^ " and not text:find " $"
end

--- A text for a header: itself, where it is short and ASCII.
-- @param text    that `is_text`
-- @param base64  function(bytes) -> text
function head.text(text, base64)
  return is_plain(text) and text or encoded(text, base64)
end

--- A mailbox for a header.
-- @param box  of `mailbox`
function head.box(box, base64)
  local name = '"' .. box.name:gsub('[\\"]', "\\%0") .. '"'
  if box.name == "" then
    return box.address
  elseif is_plain(box.name) and #name <= PLAIN + 2 then
    return name .. (#name + #box.address > PLAIN and "\r\n <" or " <") .. box.address .. ">"
  end
  return encoded(box.name, base64) .. "\r\n <" .. box.address .. ">"
end

return head

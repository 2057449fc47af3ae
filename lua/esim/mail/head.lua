--- The headers of a mail (RFC 5322): what stands in them is one line, whatever was handed in.

local words = require "esim.words"

local head = {}

local LONGEST = 400         -- bytes of a text
local ADDRESS = 254         -- of an address (RFC 5321 section 4.5.3.1.3, without its brackets)
local LOCAL = 64            -- of what stands before its @
local PLAIN = 60            -- bytes of a text up to which its line is no longer than 78, as RFC 5322 wants
local CHUNK = 39            -- bytes in an encoded word: its line is no longer than 76 (RFC 2047 section 2)

--- Whether `text` may stand in a header: UTF-8 without a line break, a NUL or another control character.
function head.is_text(text)
  return #text <= LONGEST and words.is_text(text)
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

-- Both sides of an address, or of a message's id (RFC 5322 section 3.4.1): quoted ones are not taken.
local function split(text)
  local before, domain = text:match "^([^@]*)@([^@]*)$"
  if before and #text <= ADDRESS and #before <= LOCAL and is_dotted(before, "!#$%%&'*+/=?^_`{|}~%-")
    and is_dotted(domain, "%-") then
    return before, domain
  end
end

--- Read a mailbox.
-- @param text  "shop@example.com" or "Shop <shop@example.com>"; the name may be in quotes
-- @return { name or "", address, domain } | nil
function head.mailbox(text)
  if not head.is_text(text) then
    return nil
  end
  local name, address = text:match "^ *(.-) *<([^<>]*)> *$"
  if not name then
    name, address = "", text:match "^ *(.-) *$"
  end
  local _, domain = split(address)
  local quoted = name:match '^"(.*)"$'
  if quoted then
    name = quoted:gsub("\\(.)", "%1")
  end
  return domain and { name = name, address = address, domain = domain }
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

local function is_plain(text)
  return #text <= PLAIN and not text:find "[\128-\255]" and not text:find("=?", 1, true)
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
  if box.name == "" then
    return box.address
  elseif is_plain(box.name) then
    local name = '"' .. box.name:gsub('[\\"]', "\\%0") .. '"'
    return name .. (#name + #box.address > PLAIN and "\r\n <" or " <") .. box.address .. ">"
  end
  return encoded(box.name, base64) .. "\r\n <" .. box.address .. ">"
end

return head

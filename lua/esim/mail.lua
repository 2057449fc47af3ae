--- The mail that hands out an eSIM: one MIME message as a string, for any sender.

local body = require "esim.mail.body"
local err = require "esim.err"
local head = require "esim.mail.head"
local is_profile = require("esim.profile").is
local misuse = require "esim.misuse"
local native = require "esim.native"
local parts = require "esim.mail.parts"
local settle = require "esim.page.settle"
local words = require "esim.words"

local mail = {}

local TYPES = {
  from = "string", to = "string", reply_to = "string", subject = "string", page_url = "string",
  date = "number", message_id = "string",
}
for name in pairs(settle.TYPES) do
  TYPES[name] = true  -- which page.settle checks
end
local DATE_MAX = 253402300799  -- the year 9999
local PICTURE = 480            -- pixels a side at least, twice what is shown: phones have as many

local function invalid(field, message)
  return nil, err.new("invalid", { field = field, message = message })
end

local function check(options)
  local own = misuse.gather(options, TYPES, "esim.mail", 3)
  for _, field in ipairs { "from", "to" } do
    if not own[field] then
      error("esim.mail: " .. field .. " is missing", 3)
    end
  end
  for _, field in ipairs { "reply_to", "subject", "page_url", "message_id" } do
    own[field] = own[field] ~= "" and own[field] or nil  -- an empty column of a data base
  end
  return own
end

local function look_of(own)
  local look = {}
  for name in pairs(settle.TYPES) do
    look[name] = own[name]
  end
  local settled, e = settle.options(look, "esim.mail", 3)  -- no tail call: misuse raises three calls up
  return settled, e
end

-- The mailboxes that were given.
local function boxes_of(own)
  local boxes = {}
  for _, field in ipairs { "from", "to", "reply_to" } do
    local text = own[field]
    boxes[field] = text and head.mailbox(text)
    if text and not boxes[field] then
      return invalid(field, "must be one ASCII address, with or without a name: Shop <shop@example.com>")
    end
  end
  return boxes
end

local function is_web_link(url)
  return url:find "^[Hh][Tt][Tt][Pp][Ss]?:" and settle.options({ help_url = url }, "esim.mail", 1)
end

-- What stands in the other headers, and the link to the page.
local function check_rest(own)
  if own.subject and not head.is_text(own.subject) then
    return invalid("subject", "must be one line of UTF-8 of at most 400 bytes")
  elseif own.message_id and not head.id(own.message_id) then
    return invalid("message_id", "must be such as 4711@example.com")
  elseif own.date and not (own.date >= 0 and own.date <= DATE_MAX) then
    return invalid("date", "must be seconds since 1970")
  elseif own.page_url and not is_web_link(own.page_url) then
    return invalid("page_url", "must be an https: or http: link of at most 2048 ASCII characters")
  end
  return true
end

-- Why there is nothing to hand out.
local function nothing(profile)
  local reason = table.concat(profile.notes, "; ")
  if profile.topup then
    return invalid("profile", "has nothing to install: " .. reason)
  end
  return nil, err.new("answer", { message = reason })
end

local function picture(symbol)
  local scale = math.ceil(PICTURE / (symbol.size + 8))
  return assert(symbol:png { scale = scale })
end

local function subject_of(own, settled)
  local texts, brand = settled.words, settled.brand
  return own.subject or brand and words.fill(texts.mail_subject_brand, { brand = brand }) or texts.mail_subject
end

-- RFC 3834: who is away does not answer it.
local function headers_of(own, settled, boxes)
  local lines = {
    "From: " .. head.box(boxes.from, native.base64), "To: " .. head.box(boxes.to, native.base64),
    "Subject: " .. head.text(subject_of(own, settled), native.base64),
    "Date: " .. head.date(math.floor(own.date or os.time())),
    "Message-ID: " .. (own.message_id and head.id(own.message_id)
      or "<" .. native.uuid() .. "@" .. boxes.from.domain .. ">"),
    "MIME-Version: 1.0", "Content-Language: " .. settled.words.lang, "Auto-Submitted: auto-generated",
  }
  if boxes.reply_to then
    table.insert(lines, 3, "Reply-To: " .. head.box(boxes.reply_to, native.base64))
  end
  return table.concat(lines, "\r\n") .. "\r\n"
end

-- The richest alternative is last (RFC 2046 section 5.1.4), and the picture belongs to the HTML alone (RFC 2387).
local function assemble(view, png)
  local inline = {
    "Content-ID: <" .. view.cid .. ">", 'Content-Disposition: inline; filename="esim-qr.png"',
  }
  return parts.group("multipart/alternative", {
    parts.leaf("text/plain; charset=utf-8", "quoted-printable", {}, body.text(view)),
    parts.group('multipart/related; type="text/html"', {
      parts.leaf("text/html; charset=utf-8", "quoted-printable", {}, body.html(view)),
      parts.leaf('image/png; name="esim-qr.png"', "base64", inline, png),
    }),
  })
end

local function view_of(profile, own, settled, domain)
  local texts = settled.words
  return {
    words = texts, brand = settled.brand, colours = settled.colours, help_url = settled.help_url,
    links = profile:links(), manual = profile:manual { language = texts }, page_url = own.page_url,
    cid = "qr." .. native.uuid() .. "@" .. domain,
  }
end

local CHECKS = { look_of, boxes_of, check_rest }

--- Write the mail. It holds the code: whoever reads it can take the line. It needs LuaSocket's `mime` and `ltn12`.
-- @param profile  of a completed order
-- @param options  from, to (mandatory: an address, with or without a name), reply_to; subject (default: one of ours);
--   page_url: link to the install page; date (seconds since 1970; default: now), message_id (default: a fresh one);
--   brand, colour, language, help_url as for page.settle; logo_svg is checked, yet not shown: mail programs drop SVG
-- @return MIME message, its lines ended by CRLF | nil, err: `invalid` with `field` (`profile` for a top-up), `answer`
--   where the provider's code cannot be used
function mail.message(profile, options)
  if not is_profile(profile) then
    error("esim.mail: profile must be what order:wait returned, not a " .. type(profile), 2)
  end
  local there, reason = parts.is_there()
  if not there then
    error("esim.mail needs LuaSocket (its modules mime and ltn12), which is not there: " .. reason, 2)
  end
  local own, done = check(options), {}
  for i, step in ipairs(CHECKS) do
    local result, e = step(own)
    if not result then
      return nil, e
    end
    done[i] = result
  end
  if not profile:code() then
    return nothing(profile)
  end
  local settled, boxes = done[1], done[2]
  local symbol = assert(profile:qr())  -- each valid code makes one, where there is memory
  local view = view_of(profile, own, settled, boxes.from.domain)
  return headers_of(own, settled, boxes) .. assemble(view, picture(symbol))
end

return mail

--- The part of a link that nobody can guess: which order, for what, until when, and the operator's signature.
--
--   <order id>.<expires>.<created>.<HMAC-SHA256, hexadecimal>       times in seconds since 1970
--
-- What the link is for stands before it in the path; the signature covers that too. It covers the text as it is
-- written, so no two texts are one link. The id is no secret, and stays readable for who looks for it in a log.

local crypto = require "esim.web.crypto"

local link = {}

local FIRST = "esim link 1"  -- a key that also signs something else never signs one of these by it

local Signer = {}
Signer.__index = Signer

function Signer.__tostring()
  return "esim.web.link"
end

local keys_of = setmetatable({}, { __mode = "k" })  -- out of sight

-- Only what no URL, no proxy and no mail program touches (RFC 3986 section 2.3); "." parts the fields.
local function escape(id)
  return (id:gsub("[^%w_-]", function(c)
    return string.format("~%02x", c:byte())
  end))
end

local function unescape(text)
  return (text:gsub("~(%x%x)", function(hex)
    return string.char(tonumber(hex, 16))
  end))
end

local function hex_of(bytes)
  return (bytes:gsub(".", function(c)
    return string.format("%02x", c:byte())
  end))
end

local function signature(key, purpose, head)
  return hex_of(crypto.hmac(key, table.concat({ FIRST, purpose, head }, "\n")))
end

--- @param keys  list of strings: the first signs, each verifies
function link.new(keys)
  local self = setmetatable({}, Signer)
  keys_of[self] = keys
  return self
end

--- @param purpose  a word without line feeds
-- @param order     { id, created, expires }: text, seconds since 1970
-- @return text
function Signer:sign(purpose, order)
  local head = ("%s.%d.%d"):format(escape(order.id), order.expires, order.created)
  return head .. "." .. signature(keys_of[self][1], purpose, head)
end

--- What `sign` was given, or nil: forged, of another purpose, or expired.
-- @param now  seconds since 1970
function Signer:verify(purpose, text, now)
  local head, given = text:match("^(.+)%.(%x+)$")
  if not head then
    return nil
  end
  local genuine = false
  for _, key in ipairs(keys_of[self]) do
    genuine = crypto.equal(given, signature(key, purpose, head)) or genuine
  end
  local id, expires, created = head:match("^([^.]+)%.(%d+)%.(%d+)$")
  if not genuine or not id or now >= tonumber(expires) then
    return nil
  end
  return { id = unescape(id), created = tonumber(created), expires = tonumber(expires) }
end

return link

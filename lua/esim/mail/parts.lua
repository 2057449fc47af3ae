--- The parts of a MIME message (RFC 2045, 2046), encoded with LuaSocket's `mime` and `ltn12`.

local native = require "esim.native"

local parts = {}

local CRLF = "\r\n"

local function filtered(bytes, filter)
  local ltn12 = require "ltn12"
  local sink, pieces = ltn12.sink.table()
  assert(ltn12.pump.all(ltn12.source.chain(ltn12.source.string(bytes), filter), sink))
  return table.concat(pieces)
end

-- In lines of 76 characters.
local function encode(bytes, encoding)
  local mime, ltn12 = require "mime", require "ltn12"
  if encoding == "base64" then
    return filtered(bytes, ltn12.filter.chain(mime.encode "base64", mime.wrap "base64"))
  end
  local text = filtered(bytes, ltn12.filter.chain(mime.normalize(), mime.encode "quoted-printable"))
  text = text:gsub("From ", "=46rom ")  -- mail stores put a > before a line that begins so (RFC 2049 section 3)
  return filtered(text, mime.wrap "quoted-printable")
end

--- Whether LuaSocket's part of it is there.
-- @return true | false, why not
function parts.is_there()
  for _, name in ipairs { "ltn12", "mime" } do
    local ok, reason = pcall(require, name)
    if not ok then
      return false, reason
    end
  end
  return true
end

--- A part.
-- @param kind      its type, with parameters
-- @param encoding  "quoted-printable", for texts that end a line, or "base64"
-- @param headers   list of further ones
-- @param bytes     what it holds
-- @return the part: headers, an empty line, body
function parts.leaf(kind, encoding, headers, bytes)
  local lines = { "Content-Type: " .. kind, "Content-Transfer-Encoding: " .. encoding }
  for _, header in ipairs(headers) do
    lines[#lines + 1] = header
  end
  return table.concat(lines, CRLF) .. CRLF .. CRLF .. encode(bytes, encoding)
end

--- A part of parts.
-- @param kind  its type, such as "multipart/related"
-- @param list  of parts
-- @return the part
function parts.group(kind, list)
  local boundary = "=_" .. native.uuid()  -- neither encoding ever writes "=_" (RFC 2045 section 6.7)
  local out = { ("Content-Type: %s;\r\n boundary=\"%s\"\r\n"):format(kind, boundary) }
  for _, part in ipairs(list) do
    out[#out + 1] = CRLF .. "--" .. boundary .. CRLF .. part
  end
  out[#out + 1] = CRLF .. "--" .. boundary .. "--" .. CRLF
  return table.concat(out)
end

return parts

--- The QR image of an activation code: public, no credentials.

local journal = require "esim.sandbox.journal"
local reply = require "esim.sandbox.reply"

local ngx = ngx  -- luacheck: ignore

local picture = {}

--- GET /v1/qr/{code}
function picture.show(code)
  local ok, symbols = pcall(require, "esim.symbol")  -- which needs esim.core
  if not ok then
    return reply.refuse(501, "INTERNAL_ERROR", "esim.core for LuaJIT is not on this sandbox's path")
  end
  local symbol = symbols.new(ngx.unescape_uri(code))
  if not symbol then
    return reply.refuse(400, "INVALID_REQUEST_PARAMS", "This is no activation code")
  end
  journal.note(200)
  ngx.header["Content-Type"] = "image/png"
  ngx.print((symbol:png()))
end

return picture

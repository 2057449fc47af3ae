-- A token end point that repeated the client's secret in another spelling than ours had it told in the error.

local native = require "esim.native"
local oauth = require "esim.auth.oauth"

local SECRET = "a b+c%/d&f=g"

describe("a client's secret that the token end point repeats", function()
  local spellings = oauth.spellings("an id", SECRET)
  local ECHOES = {
    SECRET, "a%20b%2Bc%25%2Fd%26f%3Dg", "a%20b%2bc%25%2fd%26f%3dg", "a+b%2Bc%25%2Fd%26f%3Dg", "a+b%2bc%25%2fd%26f%3dg",
    native.base64("an id:" .. SECRET), native.base64("an%20id:a%20b%2Bc%25%2Fd%26f%3Dg"),
  }
  for _, echo in ipairs(ECHOES) do
    it("is told in no spelling: " .. echo, function()
      local body = ('{"error":"x","error_description":"got %s."}'):format(echo)
      local _, e = oauth.read(nil, { http = 401, body = body }, spellings)
      assert.truthy(tostring(e):find("got [redacted].", 1, true), tostring(e))
    end)
  end
end)

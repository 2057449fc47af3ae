-- Where nothing required the module before nginx forked, its first `require` within a request raised: it tried out what
-- a coroutine can, and nginx resumes coroutines by suspending the one that runs.
-- Only under LuaJIT.

local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local SERVER = [[
  location = /mail {
    content_by_lua_block {
      for name in pairs(package.loaded) do
        if name:find "^esim" then package.loaded[name] = nil end
      end
      local esim, profile = require "esim", require "esim.profile"
      local bought = profile.new { matchingId = "AB-CDEFG-HIJKLM", smdpUrl = "rsp.example.com" }
      ngx.print(esim.mail(bought, { from = "shop@example.com", to = "ana@example.org", brand = "Nómada" }))
    }
  }
]]

it("the module can be required first in a request of nginx, and writes a mail there", function()
  local box = provider.start {}
  local server = nginx.start { sandbox = box, server = SERVER, workers = "1" }
  local body, status = server:get "/mail"
  assert.equal(200, status)
  assert.truthy(body:find("^From: shop@example%.com\r\n"), body)
  assert.truthy(body:find("\r\nContent%-ID: <qr%.[%x-]+@example%.com>\r\n"), body)
  assert(server:stop())
  assert(box.stop())
end)

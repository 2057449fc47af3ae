-- libcurl took an order's id of dots for a way up in the path, and looked at something else.

local esim = require "esim"
local peer = require "spec.support.peer"

describe("an order whose id is made of dots", function()
  for _, id in ipairs { ".", ".." } do
    it("is looked at under that id: " .. id, function()
      local server = peer.start(function(server)
        local connection = server:accept()
        local asked = server:request(connection)
        server:write(connection, peer.answer("200 OK", '{"id":"' .. id .. '","status":"FAILED"}'))
        return asked:find("GET /v1/order/" .. id .. " HTTP", 1, true) and 1 or 0
      end)
      local client = assert(esim.client { url = server.url, token = "t" })
      assert.equal("FAILED", assert(client:resume(id)):poll())
      assert.equal(1, server.wait())
    end)
  end
end)

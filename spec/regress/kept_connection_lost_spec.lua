-- An order went out whole on a kept connection, which then died; libcurl made a new connection in its place,
-- which was refused. The error said `not_sent`, and an order sent again would have been a second one.

local esim = require "esim"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local ACCEPTED = peer.answer("200 OK", '{"id":"1","status":"ACCEPTED"}')

describe("an order on a kept connection that dies, with nobody listening any more,", function()
  for name, size in pairs { ["read whole"] = math.huge, ["read in part"] = 20 } do
    it(name .. ", may have been taken", function()
      local server = peer.start(function(server)
        local connection = server:accept()
        server:request(connection)
        server:deafen()
        server:write(connection, ACCEPTED)
        local seen = size == math.huge and server:request(connection) or server:bytes(connection, size)
        server:close(connection)
        return seen:find("POST /v1/order", 1, true) and 1 or 0
      end)
      local client = assert(esim.client { url = server.url, token = "t" })
      assert(client:order(provider.input()))
      local placed, e = client:order(provider.input())
      assert.equal(1, server.wait())
      assert.is_nil(placed)
      assert.equal("unknown", e.kind)
      assert.truthy(e.correlation_id)
    end)
  end
end)

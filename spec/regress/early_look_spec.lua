-- A look that may come early, so that one wake serves many, came before what Retry-After allowed.

local esim = require "esim"
local native = require "esim.native"
local peer = require "spec.support.peer"

describe("a look that is nearly due while others are", function()
  it("comes early, but never before Retry-After", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      server:request(connection)
      local began = native.clock()
      server:write(connection, peer.answer("200 OK", '{"id":"1","status":"ACCEPTED"}', "Retry-After: 1\r\n"))
      server:request(connection)
      local passed = native.clock() - began
      server:write(connection, peer.answer("200 OK", '{"id":"1","status":"FAILED"}'))
      return passed >= 0.999 and 1 or 0
    end)
    local order = assert(assert(esim.client { url = server.url, token = "t" }):resume "1")
    esim.run(function()
      local waiting = esim.spawn(function()
        return order:wait { timeout = 10, first = 1.04, factor = 1, cap = 1.04, jitter = 0 }
      end)
      while not waiting.ended do esim.sleep(0.005) end
    end)
    assert.equal("FAILED", order.status)
    assert.equal(1, server.wait())
  end)
end)

-- A poll that a 401 held back was cancelled in the moment in which the account gave up on a new token: it was
-- freed while it lay among those that have an outcome.

local core = require "esim.core"
local loop = require "esim.loop"
local peer = require "spec.support.peer"

describe("a poll that is cancelled while it is refused for want of a token", function()
  it("is freed once, and nothing comes of it", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      server:request(connection)
      os.execute("sleep 0.3")  -- until all the others are due
      server:write(connection, peer.answer("401 Unauthorized", "{}"))
      return 0
    end)
    local account = assert(core.account { url = server.url, connections = 1 })
    assert(account:token "t")
    local spec = { target = "/x", deadline = 20, first = 0.001, factor = 1, cap = 0.001 }
    local first = assert(loop.submit("poll", account, spec))
    local others = {}
    for i = 1, 20 do others[i] = assert(loop.submit("poll", account, spec)) end
    local _, got = loop.await(first)
    assert.equal(401, got.http)
    assert(account:token(false))
    for i = 2, 20, 2 do loop.cancel(others[i]) end
    for i = 1, 20, 2 do
      _, got = loop.await(others[i])
      assert.equal(401, got.http)
    end
    loop.cancel(first)
    for _, pending in ipairs(others) do loop.cancel(pending) end
    assert.equal(0, loop.count())
    loop.wait(0.1)
    server.wait()
  end)
end)

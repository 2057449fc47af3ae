-- A poll tells of an answer when it is another than the last one, and only then.

local core = require "esim.core"
local loop = require "esim.loop"
local peer = require "spec.support.peer"

-- Each of `bodies` is answered twice in a row; what of that a poll tells of.
local function told(bodies)
  local server = peer.start(function(server)
    local connection = assert(server:accept())
    for asked = 0, 2 * #bodies do
      assert(server:request(connection))
      server:write(connection, peer.answer("200 OK", bodies[math.floor(asked / 2) + 1] or "the end"))
    end
    return 0
  end)
  local account = assert(core.account { url = server.url })
  assert(account:token "t")
  local spec = { target = "/v1/order/x", first = 0.001, factor = 1, cap = 0.001, jitter = 0, deadline = 10 }
  local pending, list = assert(loop.submit("poll", account, spec)), {}
  repeat
    local fault, got = loop.await(pending)
    assert.is_nil(fault)
    list[#list + 1] = got.body or ""
    loop.again(pending)
  until list[#list] == "the end"
  loop.cancel(pending)
  assert.equal(0, server.wait())
  list[#list] = nil
  return list
end

describe("a poll tells of an answer", function()
  it("of which one byte is another, wherever that is", function()
    local bodies = {}
    for size = 1, 40 do
      local text = ("0123456789"):rep(4):sub(1, size)
      for place = 1, size, size > 20 and 3 or 1 do
        bodies[#bodies + 1] = text:sub(1, place - 1) .. "\192" .. text:sub(place + 1)
      end
    end
    assert.same(bodies, told(bodies))
  end)

  it("that is longer or shorter by what is nothing", function()
    local bodies = {}
    for size = 0, 33 do bodies[#bodies + 1] = ("\0"):rep(size) end
    for size = 32, 0, -1 do bodies[#bodies + 1] = ("\0"):rep(size) end
    assert.same(bodies, told(bodies))
  end)

  it("of which two of eight bytes each changed places, or the highest bit of both", function()
    local a, b = ("a"):rep(8), ("b"):rep(8)
    local high = ("a"):rep(7) .. "\225"
    local bodies = { a .. a .. b, a .. b .. a, b .. a .. a, a .. a .. a, high .. high .. a, a .. high .. high }
    assert.same(bodies, told(bodies))
  end)
end)

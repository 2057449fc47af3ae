-- A program of lua-http's: its server, its requests and our orders in one controller.
-- Only under LuaJIT: Debian's lua-http is for Lua 5.1.

local cqueues = require "cqueues"
local esim = require "esim"
local headers = require "http.headers"
local http_request = require "http.request"
local http_server = require "http.server"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

-- A shop: each request buys an eSIM, and is answered with its code.
local function open_shop(controller)
  local server = assert(http_server.listen {
    host = "127.0.0.1", port = 0, cq = controller,
    onstream = function(_, stream)
      local asked = assert(stream:get_headers())
      local answer = headers.new()
      answer:append(":status", "200")
      assert(stream:write_headers(answer, false))
      if asked:get ":path" == "/buy" then
        local placed = assert(box.client:order(provider.input "sandbox:slow=0.3"))
        assert(stream:write_chunk(assert(placed:wait { timeout = 60, first = 0.4 }):code(), true))
      else
        assert(stream:write_chunk("hello", true))
      end
    end,
  })
  assert(server:listen())
  return server, ("http://127.0.0.1:%d"):format(select(3, server:localname()))
end

describe("a program of lua-http's", function()
  it("serves, asks and orders in one controller", function()
    local controller, events = cqueues.new(), {}
    local server, url = open_shop(controller)
    local function ask(path)
      local answer, stream = assert(http_request.new_from_uri(url .. path):go(30))
      assert.equal("200", answer:get ":status")
      return assert(stream:get_body_as_string(30))
    end
    controller:wrap(function()
      local codes = esim.all { function() return ask "/buy" end, function()
        events[#events + 1] = "asked"
        local said = ask "/hello"
        events[#events + 1] = said
      end, function()
        assert(box.client:order(provider.input()))
        events[#events + 1] = "ordered"
        return ask "/buy"
      end }
      events[#events + 1] = "bought"
      assert.truthy(codes[1]:find("^LPA:1") and codes[3]:find("^LPA:1"))
      assert(server:close())
    end)
    assert(controller:loop(60))
    assert.equal("asked", events[1])
    assert.equal("bought", events[4])
    assert.equal(3, box.log().orders)
  end)
end)

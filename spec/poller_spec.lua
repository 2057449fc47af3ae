-- How the engine waits for its sockets.

local esim = require "esim"
local nginx = require "spec.support.nginx"
local peer = require "spec.support.peer"
local process = require "esim_process"
local provider = require "spec.support.provider"
local starved = require "spec.support.starved"

describe("where the system refuses the finer wait", function()
  it("it is asked for once, and an order is placed and waited for all the same", function()
    local box = provider.start { delay = 0.1 }
    local pipe = starved.start("refused_wait", { box.url, box.token }, false, "refusing")
    local said = pipe:read "*a"
    pipe:close()
    assert(box.stop())
    local refused, size = said:match("^(%d+)%s+(%d+)")
    assert.truthy(refused, said)
    assert.is_true(tonumber(refused) <= 1, said)  -- 0: built with a C library that has no such call
    assert.is_true(tonumber(size) > 20, said)
  end)
end)

describe("a connection that is used now and then", function()
  local SERVER = [[
    keepalive_timeout 2s;
    location = /v1/order/one { return 200 '{"id":"one","status":"FULFILLING"}'; }
  ]]
  local box, server

  setup(function()
    box = provider.start { logs = false }
    server = nginx.start { sandbox = box, workers = "1", server = SERVER }
  end)
  teardown(function()
    assert(server:stop())
    assert(box.stop())
  end)

  -- What it says is read with the next answer; some libcurl takes a new connection instead.
  it("may say something meanwhile, and is used again", function()
    local answer = peer.answer("200 OK", '{"id":"one","status":"FULFILLING"}')
    local speaker = peer.start(function(speaker)
      local connection, answered = assert(speaker:accept()), 0
      while answered < 3 do
        if speaker:request(connection) then
          answered = answered + 1
          speaker:write(connection, answer)
          process.sleep(0.1)
          speaker:write(connection, "HTTP/1.1 100 Continue\r\n\r\n")
        else
          speaker:close(connection)
          connection = assert(speaker:accept())
        end
      end
      return answered
    end)
    local order = assert(assert(esim.client { url = speaker.url, token = "t" }):resume "one")
    for _ = 1, 3 do
      assert.equal("FULFILLING", assert(order:poll { timeout = 20 }))
      esim.sleep(0.3)
    end
    assert.equal(3, speaker.wait())
  end)

  it("stays with epoll, and wakes the engine once when it is closed meanwhile", function()
    local pipe = starved.start("idle", { server.url }, false, "counting")
    local said, found = pipe:read "*a", {}
    pipe:close()
    for case, number in said:gmatch "(%S+)\t(%S+)\n" do
      found[case] = tonumber(number)
    end
    assert.equal(0, found.kept, said)
    assert.equal(1, found.closed, said)
    assert.is_true(found.wakes <= 3, said)
    assert.is_true(found.again > 0, said)  -- a new connection: the one before was closed indeed
  end)
end)

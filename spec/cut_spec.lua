-- A connection can die between any two bytes. Wherever it does, an order is sent once, and the error says
-- no more than is sure.

local esim = require "esim"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local BODY = '{"id":"o-1","externalId":"o-1","status":"ACCEPTED"}'
local ACCEPTED = peer.answer("201 Created", BODY)
local HEAD = #ACCEPTED - #BODY
local STATUS_LINE = #"HTTP/1.1 201 Created\r\n"

-- Serve `count` connections: `serve(server, connection, n)` with n from 0; how many requests were read whole.
local function serve(count, each)
  return peer.start(function(server)
    local whole = 0
    for n = 0, count - 1 do
      local connection = assert(server:accept())
      whole = whole + (each(server, connection, n) and 1 or 0)
      server:close(connection)
    end
    return whole
  end)
end

local function client_of(server)
  return assert(esim.client { url = server.url, token = "t", timeout = 10 })
end

describe("an order that was not accepted", function()
  it("is none, also where the answer looks like one", function()
    local kinds = {
      { "500 Internal Server Error", "unknown" }, { "409 Conflict", "refused" }, { "302 Found", "answer" },
      { "400 Bad Request", "refused" }, { "403 Forbidden", "unauthorised" },
    }
    local server = serve(#kinds, function(server, connection, n)
      local whole = server:request(connection)
      server:write(connection, peer.answer(kinds[n + 1][1], BODY, "Connection: close\r\n"))
      return whole
    end)
    local client = client_of(server)
    for _, case in ipairs(kinds) do
      local placed, e = client:order(provider.input())
      assert.is_nil(placed, case[1])
      assert.equal(case[2], e.kind, case[1])
    end
    assert.equal(#kinds, server.wait())
  end)
end)

describe("an order whose answer is cut", function()
  it("anywhere is sent once: unknown, an unusable answer, or whole", function()
    local server = serve(#ACCEPTED + 1, function(server, connection, n)
      local whole = server:request(connection)
      server:write(connection, ACCEPTED:sub(1, n))
      return whole
    end)
    local client = client_of(server)
    for n = 0, #ACCEPTED do
      local placed, e = client:order(provider.input())
      if n == #ACCEPTED then
        assert.equal("o-1", placed.id)
      else
        assert.is_nil(placed)
        assert.equal(n < STATUS_LINE and "unknown" or "answer", e.kind, "after byte " .. n .. ": " .. tostring(e))
        assert.is_nil(tostring(e):find("[%c]"))
        local id_came = n >= HEAD + #'{"id":"o-1"'
        assert.equal(id_came and "o-1" or nil, e.order_id, "after byte " .. n)
      end
    end
    assert.equal(#ACCEPTED + 1, server.wait())
  end)

  it("anywhere on a kept connection is not sent again either", function()
    local server = peer.start(function(server)
      local n = 0
      while n < #ACCEPTED do
        local connection = assert(server:accept())
        local ordered = server:request(connection)  -- none: libcurl began anew, and was stopped
        if ordered then
          server:write(connection, ACCEPTED)
          assert(server:request(connection))
          server:write(connection, ACCEPTED:sub(1, n))
          n = n + 1
        end
        server:close(connection)
      end
      return n
    end)
    local client = client_of(server)
    for n = 0, #ACCEPTED - 1 do
      assert(client:order(provider.input()))
      local placed, e = client:order(provider.input())
      assert.is_nil(placed)
      assert.equal(n < STATUS_LINE and "unknown" or "answer", e.kind, "after byte " .. n)
    end
    assert.equal(#ACCEPTED, server.wait())
  end)
end)

describe("an order whose connection dies after an interim answer", function()
  for _, interim in ipairs { "100 Continue", "103 Early Hints" } do
    it(interim .. " is unknown: that was no answer", function()
      local server = serve(1, function(server, connection)
        local whole = server:request(connection)
        server:write(connection, "HTTP/1.1 " .. interim .. "\r\n\r\n")
        return whole
      end)
      local placed, e = client_of(server):order(provider.input())
      assert.is_nil(placed)
      assert.equal("unknown", e.kind)
      assert.equal(1, server.wait())
    end)
  end
end)

describe("an order that is cut itself", function()
  it("anywhere may have been read, and says so", function()
    local length = 400  -- more than its headers, less than all of it
    local server = serve(length, function(server, connection, n)
      return #server:bytes(connection, n) == n
    end)
    local client = client_of(server)
    for n = 0, length - 1 do
      local placed, e = client:order(provider.input())
      assert.is_nil(placed)
      local never_left = n == 0 and e.kind == "not_sent"
      assert.is_true(e.kind == "unknown" or never_left, "after byte " .. n .. ": " .. tostring(e))
    end
    assert.equal(length % 256, server.wait())
  end)
end)

describe("a look whose answer is cut", function()
  it("anywhere is repeated until it is whole", function()
    local answer = peer.answer("200 OK", '{"id":"o-1","status":"FAILED"}')
    local server = serve(#answer + 1, function(server, connection, n)
      local whole = server:request(connection)
      server:write(connection, answer:sub(1, n))
      return whole
    end)
    local client = client_of(server)
    for n = 0, #answer - 1, 1 do
      local status, e = assert(client:resume "o-1"):poll()
      assert.is_nil(status)
      assert.is_true(e.kind == "unavailable" or e.kind == "answer", "after byte " .. n .. ": " .. tostring(e))
    end
    assert.equal("FAILED", assert(client:resume "o-1"):poll())
    assert.equal(#answer + 1, server.wait())
  end)
end)

-- Headers that the core itself sends and reads, byte by byte.

local core = require "esim.core"
local peer = require "spec.support.peer"

-- Answer `#answers` requests on one connection; 1 for each that `wanted` accepts.
local function serve(answers, wanted)
  return peer.start(function(server)
    local connection, good = assert(server:accept()), 0
    for _, answer in ipairs(answers) do
      local text = server:request(connection)
      if not text then  -- the client ends a connection on which an answer broke its limits
        server:close(connection)
        connection = assert(server:accept())
        text = server:request(connection)
      end
      good = (not wanted or wanted(text)) and good + 1 or good
      server:write(connection, answer)
    end
    server:close(connection)
    return good
  end)
end

local function ask(inbox, account, spec)
  spec.target = "/"
  local id = assert(inbox:request(account, spec))
  inbox:wait(10)
  local got_id, fault, got = inbox:take()
  assert.equal(id, got_id)
  return fault, got
end

local function paged(lines)
  return peer.answer("200 OK", "[]", lines)
end

describe("the name of a page", function()
  it("is handed on whole, or not at all", function()
    local most, more = ("n"):rep(255), ("n"):rep(256)
    local server = serve { paged "X-Next-Page: 2\r\nx-previous-page:\t 0 \r\n", paged "", paged "X-Next-Page:\r\n",
      paged("X-Next-Page: " .. most .. "\r\n"), paged("X-Next-Page: " .. more .. "\r\n"),
      paged("X-Previous-Page: " .. more .. "\r\n"),
      "HTTP/1.1 103 Early Hints\r\nX-Next-Page: 7\r\n\r\n" .. paged "" }
    local inbox, account = core.inbox(), assert(core.account { url = server.url })
    local fault, got = ask(inbox, account, {})
    assert.is_nil(fault)
    assert.same({ "2", "0" }, { got.next_page, got.previous_page })
    for _ = 1, 2 do
      fault, got = ask(inbox, account, {})
      assert.is_nil(fault)
      assert.is_nil(got.next_page)
      assert.is_nil(got.previous_page)
    end
    fault, got = ask(inbox, account, {})
    assert.is_nil(fault)
    assert.equal(most, got.next_page)
    for _ = 1, 2 do assert.equal("large", (ask(inbox, account, {}))) end
    fault, got = ask(inbox, account, {})
    assert.is_nil(fault)
    assert.is_nil(got.next_page)
    server.wait()
    inbox:close()
  end)
end)

describe("a request that brings its own Authorization", function()
  local function alone(text)
    local _, count = text:lower():gsub("\r\nauthorization:", "")
    return count == 1 and text:find("\r\nauthorization: Basic b3duOnNlY3JldA==\r\n", 1, true) ~= nil
  end

  it("goes out with that alone, with and without a token", function()
    local server = serve({ paged "", paged "" }, alone)
    local inbox, account = core.inbox(), assert(core.account { url = server.url })
    local spec = { body = "grant_type=client_credentials", headers = { "authorization: Basic b3duOnNlY3JldA==" } }
    assert.is_nil((ask(inbox, account, spec)))
    assert(account:token "t")
    assert.is_nil((ask(inbox, account, spec)))
    assert.equal(2, server.wait())
    inbox:close()
  end)

  it("that is refused holds nothing back", function()
    local refusal = peer.answer("401 Unauthorized", "{}")
    local server = serve { refusal, paged "", refusal, paged "" }
    local inbox, account = core.inbox(), assert(core.account { url = server.url })
    for _ = 1, 2 do
      local began = core.clock()
      assert.equal(401, select(2, ask(inbox, account, { headers = { "Authorization: Basic b3du" } })).http)
      assert.equal(200, select(2, ask(inbox, account, {})).http)
      assert.is_true(core.clock() - began < 5)
      assert(account:token "t")
    end
    server.wait()
    inbox:close()
  end)
end)

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

describe("a request that shares its path and a header's name with its account's", function()
  local ID, CORRELATION = ("o"):rep(300), ("c"):rep(255)
  local inbox

  before_each(function() inbox = core.inbox() end)
  after_each(function() inbox:close() end)

  local function account(server, changes)
    local options = { url = server.url .. "/base/", order_path = "/orders/", correlation = "X-Id: ", records = true }
    for name, value in pairs(changes or {}) do options[name] = value end
    return assert(core.account(options))
  end

  -- Whether a request is for `path`, with these lines and, of the names that the spec gives, no others.
  local function is(path, lines)
    return function(text)
      local count = select(2, text:gsub("\r\nX%-[^\r]*", ""))
      for _, line in ipairs(lines) do
        if not text:find("\r\n" .. line .. "\r\n", 1, true) then return false end
      end
      return count == #lines and text:sub(1, #path + 13) == "GET " .. path .. " HTTP/1.1" and
        not text:find("Content-Length", 1, true)
    end
  end

  local function asked(a, spec)
    local id = assert(inbox:request(a, spec))
    assert.is_true(inbox:wait(10))
    local record = assert(inbox:record())
    assert.equal(id, (inbox:take()))
    return record
  end

  it("goes out whole, and is told whole in its record", function()
    for path, case in pairs {
      ["/base/orders/1"] = { { order_id = "1", correlation_id = "2" }, { "X-Id: 2" } },
      ["/base/orders/" .. ID] = { { order_id = ID, correlation_id = CORRELATION }, { "X-Id: " .. CORRELATION } },
      ["/base/orders/"] = { { order_id = "", correlation_id = "" }, {} },
      ["/base/orders/3"] = { { order_id = "3", headers = { "X-A: b" } }, { "X-A: b" } },
      ["/base/x"] = { { target = "/x", correlation_id = "4", headers = { "X-A: b", "X-C: d" } },
        { "X-Id: 4", "X-A: b", "X-C: d" } },
      ["/base/"] = { { target = "/" }, {} },
    } do
      local server = serve({ paged "" }, is(path, case[2]))
      local record = asked(account(server), case[1])
      assert.same({ "GET", path:sub(#"/base" + 1) }, { record.method, record.target })
      assert.equal(1, server.wait(), path)
    end
  end)

  it("has room for all lines that it may have", function()
    local common, own, lines = {}, {}, { "X-Id: 2" }
    for i = 1, 4 do common[i] = "X-Common: " .. i end
    for i = 1, 10 do own[i] = "X-Own: " .. i end
    for _, list in ipairs { common, own } do
      for _, line in ipairs(list) do lines[#lines + 1] = line end
    end
    local server = serve({ paged "" }, function(text)
      return text:find("\r\nAuthorization: Bearer t\r\n", 1, true) and is("/base/orders/1", lines)(text)
    end)
    local a = account(server, { headers = common })
    assert(a:token "t")
    asked(a, { order_id = "1", correlation_id = "2", headers = own })
    assert.equal(1, server.wait())
    own[11] = "X-Own: 11"
    assert.error_matches(function() inbox:request(a, { target = "/", headers = own }) end, "headers: too many")
  end)

  it("goes out again and again as it was, also when nobody holds its account any more", function()
    local answers = {}
    for i = 1, 5 do answers[i] = paged "" end
    local server = serve(answers, is("/base/orders/1", { "X-Id: 2" }))
    local held = setmetatable({ account(server) }, { __mode = "v" })
    assert(inbox:poll(held[1], { order_id = "1", correlation_id = "2", first = 0.001, factor = 1, jitter = 0 }))
    collectgarbage()
    collectgarbage()
    assert.is_nil(held[1])
    for _ = 1, 5 do
      assert.is_true(inbox:wait(10))
      while inbox:record() do end
      local id = inbox:take()
      if id then inbox:again(id) end
    end
    assert.equal(5, server.wait())
  end)

  it("is refused where it would split, or there is nothing to put it behind", function()
    local a, plain = account { url = "http://127.0.0.1:9" }, assert(core.account { url = "http://127.0.0.1:9" })
    for _, id in ipairs { "a b", "a\r\nb", "\127", "é" } do
      assert.equal("url", select(2, inbox:poll(a, { order_id = id })))
    end
    for _, id in ipairs { "a\r\nb", "\127", "\1" } do
      assert.equal("header", select(2, inbox:poll(a, { order_id = "1", correlation_id = id })))
    end
    assert.equal("url", select(2, inbox:poll(plain, { order_id = "1" })))
    assert.equal("header", select(2, inbox:poll(plain, { target = "/", correlation_id = "1" })))
    for _, path in ipairs { "", "orders/", "@evil.example/", ":1/", "/a b", "/\n" } do
      assert.equal("url", select(2, core.account { url = "http://127.0.0.1:9", order_path = path }))
    end
    assert.equal("header", select(2, core.account { url = "http://127.0.0.1:9", correlation = "X: \r\nY: " }))
  end)

  it("is refused, whatever is large in it, beyond 16 MiB", function()
    local a, many = account { url = "http://127.0.0.1:9" }, ("x"):rep(2 ^ 24)
    for field, value in pairs {
      target = "/" .. many, order_id = many, correlation_id = many, body = many, method = many, headers = { many },
    } do
      local spec = { target = "/" }
      spec[field] = value
      for _, kind in ipairs { "request", "order", "poll" } do
        assert.equal("oversize", select(2, inbox[kind](inbox, a, spec)), field)
      end
    end
    local id = assert(inbox:order(a, { target = "/", body = many:sub(64) }))
    inbox:cancel(id)
  end)
end)

-- One exchange after the other on the same handle of libcurl, which keeps what an account's exchanges have in common:
-- nothing of one may be in the next.

local core = require "esim.core"
local nginx = require "spec.support.nginx"
local peer = require "spec.support.peer"
local process = require "esim_process"
local provider = require "spec.support.provider"

local KEEP = "Connection: keep-alive\r\n"

-- Answer each request with its own text, on as many connections as come.
local function echo(count)
  return peer.start(function(server)
    local connection
    for _ = 1, count do
      local text = connection and server:request(connection)
      while not text do
        connection = assert(server:accept())
        text = server:request(connection)
      end
      server:write(connection, peer.answer("200 OK", text, KEEP))
    end
    return 0
  end)
end

local function ask(inbox, account, spec)
  local id = assert(inbox[spec.kind or "request"](inbox, account, spec))
  inbox:wait(10)
  local got_id, fault, got = inbox:take()
  assert.equal(id, got_id)
  return fault, got
end

-- In an order in which each has neighbours of another kind.
local SEQUENCE = {
  { target = "/v1/order/1" },
  { target = "/v1/order", body = '{"a":1}', kind = "order" },
  { target = "/v1/order/2", headers = { "X-Correlation-ID: second" } },
  { target = "/v1/sim", body = "{}", method = "PUT" },
  { target = "/v1/sim/%2F%c3%BC" },
  { target = "/v1/order/3" },
  { target = "/v1/sim/3", method = "DELETE" },
  { target = "/v1/order/.." },
  { target = "/v1/order/../4" },
  { target = "/v1/order", body = '{"a":22}', kind = "order" },
  { target = "/v1/order?page=2&size=%20" },
  { target = "/v1/order?" },
  { target = "/v1/order/5" },
  { target = "/v1/order//6/" },
  { target = "" },
  { target = "/v1/order/7~_-.x" },
}

local function expected(base, spec)
  local target = base .. spec.target
  local method = spec.method or (spec.body and "POST" or "GET")
  return method .. " " .. (target == "" and "/" or target) .. " HTTP/1.1"
end

-- Answers the first request, hangs up on the next one, and answers that when it comes again.
local function forgetful()
  return peer.start(function(server)
    local connection = assert(server:accept())
    server:write(connection, peer.answer("200 OK", server:request(connection), KEEP))
    local first = assert(server:request(connection))
    server:close(connection)
    connection = assert(server:accept())
    local again = assert(server:request(connection))
    server:write(connection, peer.answer("200 OK", again, KEEP))
    return first == again and 1 or 0
  end)
end

-- Of which libcurl sends the second one again: its handle was told of the first one.
local AGAIN = {
  ["a look at another order"] = { { target = "/v1/order/1" }, { target = "/v1/order/2" } },
  ["a change of another SIM"] = {
    { target = "/v1/sim/1", method = "PUT", body = "{}" }, { target = "/v1/sim/2", method = "PUT", body = "{}" },
  },
  ["a look after a path of another kind"] = { { target = "/v1/order/.." }, { target = "/v1/order/2" } },
  ["a path of another kind after a look"] = { { target = "/v1/order/2" }, { target = "/v1/order?page=2" } },
  ["the same path"] = { { target = "/v1/order/1" }, { target = "/v1/order/1" } },
}

describe("a handle that is used again", function()
  for _, base in ipairs { "", "/connect-api", "/a%20b/c" } do
    it("asks for what is wanted, and that alone: " .. (base == "" and "at the root" or base), function()
      local server = echo(2 * #SEQUENCE)
      local inbox, account = core.inbox(), assert(core.account { url = server.url .. base, connections = 1 })
      for _ = 1, 2 do
        for _, spec in ipairs(SEQUENCE) do
          local fault, got = ask(inbox, account, spec)
          assert.is_nil(fault)
          local head, body = got.body:match("^(.-\r\n)\r\n(.*)$")
          assert.equal(expected(base, spec), head:match("^[^\r]+"))
          assert.equal(spec.body or "", body)
          assert.equal(spec.body and tostring(#spec.body) or nil, head:match("Content%-Length: (%d+)"))
          assert.equal(spec.headers and "second" or nil, head:match("X%-Correlation%-ID: (%w+)"))
        end
      end
      server.wait()
      inbox:close()
    end)
  end

  it("goes to the account that is asked, though another used it before", function()
    local servers = { echo(4), echo(4) }
    local inbox, accounts = core.inbox(), {}
    for i, server in ipairs(servers) do
      accounts[i] = assert(core.account { url = server.url .. "/of" .. i })
      assert(accounts[i]:token("token" .. i))
    end
    for _ = 1, 4 do
      for i, account in ipairs(accounts) do
        local fault, got = ask(inbox, account, { target = "/v1/order/1" })
        assert.is_nil(fault)
        assert.truthy(got.body:find("^GET /of" .. i .. "/v1/order/1 HTTP"))
        assert.truthy(got.body:find("Authorization: Bearer token" .. i, 1, true))
        assert.truthy(got.body:find("Host: " .. servers[i].url:match("//(.+)"), 1, true))
      end
    end
    for _, server in ipairs(servers) do server.wait() end
    inbox:close()
  end)

  it("trusts whom its account trusts", function()
    local box = provider.start { tls = true }
    local inbox = core.inbox()
    for _ = 1, 2 do
      assert.is_nil((ask(inbox, assert(core.account { url = box.url, ca_file = box.ca_file }), { target = "/" })))
      assert.equal("tls", (ask(inbox, assert(core.account { url = box.url }), { target = "/" })))
    end
    inbox:close()
    box.stop()
  end)

  for name, case in pairs(AGAIN) do
    it("asks for the same when its kept connection dies under it: " .. name, function()
      local server = forgetful()
      local inbox, account = core.inbox(), assert(core.account { url = server.url, connections = 1 })
      for i, spec in ipairs(case) do
        local fault, got = ask(inbox, account, spec)
        assert.is_nil(fault)
        assert.equal((spec.method or "GET") .. " " .. spec.target .. " HTTP/1.1", got.body:match("^[^\r]+"), i)
      end
      assert.equal(1, server.wait())
      inbox:close()
    end)
  end

  it("is in order after one that did not end well", function()
    local server = peer.start(function(server)
      local connection = assert(server:accept())
      server:request(connection)  -- no answer: it is late
      for _ = 1, 2 do
        local other = assert(server:accept())
        server:write(other, peer.answer("200 OK", server:request(other), "Connection: close\r\n"))
        server:close(other)
      end
      return 0
    end)
    local inbox, account = core.inbox(), assert(core.account { url = server.url })
    assert.equal("late", (ask(inbox, account, { target = "/v1/order", body = "{}", timeout = 0.2 })))
    for i = 1, 2 do
      local fault, got = ask(inbox, account, { target = "/v1/order/" .. i })
      assert.is_nil(fault)
      assert.truthy(got.body:find("^GET /v1/order/" .. i .. " HTTP/1.1\r\n"))
      assert.is_nil(got.body:find("Content%-Length"))
    end
    server.wait()
    inbox:close()
  end)
end)

-- More than one of libcurl's multi handles takes at a time: WIDTH in csrc/core/wire.c.
describe("many exchanges of an account at once", function()
  local MANY, WIDTH = 150, 64
  local server

  setup(function()
    local nobody = { url = "http://127.0.0.1:9", token = "t" }
    server = nginx.start { sandbox = nobody, workers = "1", connections = "1024", server = [[
      location = /held { content_by_lua_block { ngx.sleep(ngx.var.arg_for) ngx.print(ngx.var.connection) } }
    ]] }
  end)
  teardown(function() server:stop() end)

  local function submit(inbox, account, seconds)
    for _ = 1, MANY do assert(inbox:request(account, { target = "/held?for=" .. seconds })) end
  end

  -- The numbers of the connections on which they were answered, as a set.
  local function take_all(inbox, numbers)
    local count = 0
    while count < MANY do
      inbox:wait(10)
      local id, fault, got = inbox:take()
      while id do
        assert.is_nil(fault)
        assert.equal(200, got.http)
        numbers[got.body], count = true, count + 1
        id, fault, got = inbox:take()
      end
    end
    return numbers
  end

  local function size(set)
    local count = 0
    for _ in pairs(set) do count = count + 1 end
    return count
  end

  it("have a connection each, and are given it again", function()
    local inbox, account = core.inbox(), assert(core.account { url = server.url, connections = MANY })
    local numbers = {}
    for _ = 1, 3 do
      submit(inbox, account, 0.5)
      take_all(inbox, numbers)
    end
    assert.is_true(size(numbers) > 2 * WIDTH, size(numbers))
    assert.is_true(size(numbers) <= MANY, size(numbers))
    inbox:close()
  end)

  it("do not count in the child of a fork", function()
    local inbox, account = core.inbox(), assert(core.account { url = server.url, connections = MANY })
    submit(inbox, account, 30)
    inbox:wait(0.1)
    local pid = process.fork()
    if pid == 0 then
      local own = core.inbox()
      submit(own, account, 0.1)
      process.exit(pcall(take_all, own, {}) and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
    inbox:close()
  end)
end)

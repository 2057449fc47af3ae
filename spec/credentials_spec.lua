-- A client id and a secret, given once: tokens are fetched, renewed and shared without anybody thinking of them.

local esim = require "esim"
local native = require "esim.native"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"
local scratch = require "spec.support.scratch"
local side_by_side = require "spec.support.side_by_side"

local box

setup(function() box = provider.start { delay = 0.2 } end)
teardown(function() assert(box.stop()) end)
after_each(function() box.token_fault() end)

-- What a client of `server` is given, with changes; `false` takes one out.
local function credentials(server, fields)
  local all = { client_id = server.client_id, client_secret = server.client_secret, token_url = server.token_url }
  for key, value in pairs(fields or {}) do
    all[key] = value or nil
  end
  return all
end

local function client_of(server, fields, options)
  local all = { url = server.url, ca_file = server.ca_file, timeout = 5, credentials = credentials(server, fields) }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  return assert(esim.client(all))
end

local function token_requests()
  return box.log().token_requests
end

-- How many token requests `f` led to, and what it returned.
local function counted(f)
  local before = token_requests()
  local result = { f() }
  return token_requests() - before, (table.unpack or unpack)(result)
end

local function file_with(text)
  local name = scratch()
  local file = assert(io.open(name, "w"))
  assert(file:write(text))
  file:close()
  return name
end

describe("credentials", function()
  for _, style in ipairs { "body", "basic" } do
    it("in the style " .. style .. " buy an eSIM, with one token request", function()
      local client = client_of(box, { style = style })
      local asked, profile = counted(function()
        return assert(client:order(provider.input())):wait { timeout = 20 }
      end)
      assert.truthy(profile:code())
      assert.equal(1, asked)
    end)
  end

  local function request_in(style)
    local name = scratch()
    local server = peer.start(function(self)
      local connection = self:accept()
      local file = assert(io.open(name, "w"))
      file:write(self:request(connection))
      file:close()
      self:write(connection, peer.answer("400 Bad Request", '{"error":"invalid_request"}'))
    end)
    local client = client_of({ url = "http://127.0.0.1:1", token_url = server.url .. "/t?a=b" },
      { client_id = "a &b", client_secret = "s%+=", scope = "x y", style = style })
    local _, e = client:order(provider.input())
    assert.same({ "unauthorised", "invalid_request" }, { e.kind, e.type })
    server.wait()
    local file = assert(io.open(name))
    local text = file:read "*a"
    file:close()
    os.remove(name)
    return text
  end

  it("are sent in the body unless told otherwise, form-encoded", function()
    for _, style in ipairs { "body", false } do
      local request = request_in(style or nil)
      assert.equal(1, request:find("POST /t?a=b HTTP/1.1\r\n", 1, true), request)
      assert.truthy(request:find("Content-Type: application/x-www-form-urlencoded\r\n", 1, true))
      assert.equal("client_id=a%20%26b&client_secret=s%25%2B%3D&grant_type=client_credentials&scope=x%20y",
        request:match "\r\n\r\n(.*)$")
      assert.is_nil(request:find("Authorization", 1, true))
    end
  end)

  it("are sent in the header where that is wanted, form-encoded first", function()
    local request = request_in "basic"
    assert.truthy(request:find("\r\nAuthorization: Basic YSUyMCUyNmI6cyUyNSUyQiUzRA==\r\n", 1, true), request)
    assert.equal("grant_type=client_credentials&scope=x%20y", request:match "\r\n\r\n(.*)$")
  end)

  it("with a scope ask for it", function()
    local picky = provider.start { delay = 0, scope = "profile" }
    assert.truthy(client_of(picky, { scope = "profile" }):order(provider.input()))
    local _, e = client_of(picky):order(provider.input())
    assert.same({ "unauthorised", "invalid_scope" }, { e.kind, e.type })
    assert(picky.stop())
  end)

  it("over TLS are trusted by the client's own ca_file", function()
    local tls = provider.start { delay = 0, tls = true }
    assert.truthy(client_of(tls):order(provider.input()))
    assert(tls.stop())
  end)

  it("may have their secret in a file, whose last line end does not count, and which may change", function()
    local name = file_with("wrong\n")
    local client = client_of(box, { client_secret = false, client_secret_file = name })
    assert.equal("invalid_client", select(2, client:order(provider.input())).type)
    local file = assert(io.open(name, "w"))
    file:write(box.client_secret, "\r\n")
    file:close()
    esim.sleep(1.1)  -- after a refusal it is left alone for a second
    assert.truthy(client:order(provider.input()))
    os.remove(name)
  end)

  for what, text in pairs { ["is not there"] = false, ["is empty"] = "\n" } do
    it("whose file " .. what .. " are told so", function()
      local name = text and file_with(text) or "/nowhere/secret"
      local _, e = client_of(box, { client_secret = false, client_secret_file = name }):order(provider.input())
      os.remove(name)
      assert.equal("unauthorised", e.kind)
      assert.truthy(tostring(e):find("client_secret_file cannot be read: " .. name, 1, true), tostring(e))
    end)
  end
end)

describe("misuse of credentials", function()
  local CASES = {
    { "exclude each other", { token = "t" } }, { "client_id is required", nil, { client_id = false } },
    { "client_id is required", nil, { client_id = "" } },
    { "either client_secret or client_secret_file", nil, { client_secret = false } },
    { "either client_secret or client_secret_file", nil, { client_secret_file = "f" } },
    { "client_secret is empty", nil, { client_secret = "" } },
    { "style must be body or basic", nil, { style = "mac" } },
    { "token_url is required", nil, { token_url = false } }, { "unknown option secret", nil, { secret = "s" } },
    { "scope must be a string", nil, { scope = 1 } }, { "shared must name a lua_shared_dict", nil, { shared = "x" } },
    { "credentials must be a table", { credentials = "s" } },
  }
  for _, case in ipairs(CASES) do
    it("raises at the caller's line, without the secret: " .. case[1], function()
      local ok, reason = pcall(function()
        local made = client_of(box, case[3], case[2])
        return made
      end)
      assert.is_false(ok)
      assert.truthy(reason:find(case[1], 1, true), reason)
      assert.truthy(reason:find("credentials_spec.lua", 1, true), reason)
      assert.is_nil(reason:find(box.client_secret, 1, true))
    end)
  end

  for _, url in ipairs { "http://example.com/t", "ftp://127.0.0.1/t", "https://example.com",
    "https://u:p@example.com/t" } do
    it("such as the token end point " .. url .. " is invalid, and names the field", function()
      local made, e = esim.client { url = box.url, credentials = credentials(box, { token_url = url }) }
      assert.is_nil(made)
      assert.same({ "invalid", "credentials.token_url" }, { e.kind, e.field })
    end)
  end

  it("is not that the provider's own token end point is meant where its own URL is", function()
    assert.truthy(esim.client { url = esim.PRODUCTION, credentials = { client_id = "i", client_secret = "s" } })
  end)
end)

describe("a token", function()
  it("is fetched once for all who need one at the same time", function()
    local client = client_of(box)
    local jobs = {}
    for i = 1, 50 do
      jobs[i] = function() return assert(client:order(provider.input())).id end
    end
    local asked, ids = counted(function() return esim.run(esim.all, jobs) end)
    assert.equal(50, #ids)
    assert.equal(1, asked)
  end)

  it("that ends while many wait is replaced in time: nobody meets a 401, and one asks", function()
    provider.slowly(function(lifetime)  -- a request may take a tenth of it
      local quick = provider.start { delay = 3 * lifetime, lifetime = lifetime }
      local client = client_of(quick)
      local jobs = {}
      for i = 1, 60 do
        jobs[i] = function()
          local order = assert(client:order(provider.input()))
          return assert(order:wait { timeout = 30 * lifetime, first = 0.2, factor = 1 }):code()
        end
      end
      local begun = native.clock()
      local codes = esim.run(esim.all, jobs)
      local seconds = native.clock() - begun
      local log = quick.log()
      assert(quick.stop())
      assert.equal(60, #codes)
      assert.truthy(log.token_requests >= 3 and log.token_requests <= seconds / (0.9 * lifetime) + 2,
        log.token_requests)
      local met = false
      for _, request in ipairs(log.requests) do met = met or request.status == 401 end
      return not met
    end)
  end)

  it("that ends while orders wait for the rate is replaced: each is placed once, and none meets a 401", function()
    local quick = provider.start { delay = 0, lifetime = 1 }
    local client = client_of(quick, nil, { rate = 20 })
    local jobs = {}
    for i = 1, 60 do
      jobs[i] = function() return assert(client:order(provider.input())).id end
    end
    local ids, log = esim.run(esim.all, jobs), quick.log()
    assert(quick.stop())
    assert.same({ 60, 60 }, { #ids, log.orders })
    assert.truthy(log.token_requests >= 2, log.token_requests)
    for _, request in ipairs(log.requests) do assert.equal(200, request.status) end
  end)

  it("that the provider ends before its time is replaced once, whoever meets the 401", function()
    local client = client_of(box)
    local placed = {}
    for i = 1, 20 do placed[i] = assert(client:order(provider.input "sandbox:slow=1")) end
    box.expire()
    local jobs = {}
    for i, order in ipairs(placed) do
      jobs[i] = function() return assert(order:wait { timeout = 20, first = 0.1, factor = 1 }).iccid end
    end
    local asked, list = counted(function() return esim.run(esim.all, jobs) end)
    assert.equal(20, #list)
    assert.equal(1, asked)
  end)

  it("without a known life is used until it is refused", function()
    box.token_fault "no-expiry"
    local client = client_of(box)
    local asked = counted(function()
      assert(client:order(provider.input()))
      assert(client:order(provider.input()))
    end)
    assert.equal(1, asked)
    box.expire()
    asked = counted(function() assert(client:order(provider.input())) end)
    assert.equal(1, asked)
  end)

  it("and the secret are in reach of nobody who holds the client, and read as nothing", function()
    local client = client_of(box)
    assert(client:order(provider.input()))
    assert.equal("esim.client: " .. box.url, tostring(client))
    for key, value in pairs(client) do error(tostring(key) .. tostring(value)) end
  end)
end)

describe("a wrong secret", function()
  it("fails at once with OAuth's own words, for everybody who waited, each with an error of his own", function()
    local client = client_of(box, { client_secret = "wrong-SECRET" })
    local jobs = {}
    for i = 1, 20 do
      jobs[i] = function() return select(2, client:order(provider.input(), { correlation_id = "c" .. i })) end
    end
    local begun = native.clock()
    local asked, list = counted(function() return esim.run(esim.all, jobs) end)
    assert.truthy(native.clock() - begun < 4)
    assert.equal(1, asked)
    for i, e in ipairs(list) do
      assert.same({ "unauthorised", "invalid_client", 401, "c" .. i }, { e.kind, e.type, e.http, e.correlation_id })
      assert.truthy(tostring(e):find("Invalid client or Invalid client credentials", 1, true), tostring(e))
      assert.is_nil(tostring(e):find("SECRET", 1, true))
    end
  end)

  it("is not hammered: what comes soon after is told the same, without a request", function()
    local client = client_of(box, { client_secret = "wrong" })
    local asked = counted(function()
      for _ = 1, 100 do
        assert.equal("invalid_client", select(2, client:order(provider.input())).type)
      end
    end)
    assert.equal(1, asked)
    esim.sleep(1.1)
    asked = counted(function()
      for _ = 1, 100 do client:order(provider.input()) end
    end)
    assert.equal(1, asked)
    esim.sleep(1.1)  -- the second time it is left alone for two seconds
    assert.equal(0, (counted(function() client:order(provider.input()) end)))
  end)

  it("that came to be wrong ends all waits with its reason", function()
    local name = file_with(box.client_secret)
    local client = client_of(box, { client_secret = false, client_secret_file = name })
    local placed = {}
    for i = 1, 10 do placed[i] = assert(client:order(provider.input "sandbox:slow=60")) end
    local file = assert(io.open(name, "w"))
    file:write "changed"
    file:close()
    box.expire()
    local jobs = {}
    for i, order in ipairs(placed) do
      jobs[i] = function() return select(2, order:wait { timeout = 30, first = 0.1, factor = 1 }) end
    end
    local asked, list = counted(function() return esim.run(esim.all, jobs) end)
    os.remove(name)
    assert.equal(1, asked)
    for i, e in ipairs(list) do
      assert.same({ "unauthorised", "invalid_client", placed[i].id }, { e.kind, e.type, e.order_id })
    end
  end)
end)

describe("a token end point that fails in passing", function()
  local FAULTS = { "down", "status=503", "status=500", "status=429,retry-after=1", "html", "garbled", "empty",
    "wrong-type", "wrong-type=token", "huge" }

  describe("each with a provider of its own", function()
    local boxes, passed, stayed = {}, nil, nil

    -- It fails twice, or for a while; a try, when it began.
    local function try_passing(fault)
      local one = boxes[fault]
      local begun = native.clock()
      one.token_fault(fault .. (fault == "down" and "=1.5" or ",times=2"))
      local order, e = client_of(one):order(provider.input(), { timeout = 30 })
      return { order = order, e = e, seconds = native.clock() - begun }
    end

    -- It fails for good; an order and a look, which have little time.
    local function try_staying(fault)
      local one = boxes[fault]
      one.token_fault(fault .. (fault == "down" and "=20" or ""))
      local before, begun, client = one.log().orders, native.clock(), client_of(one)
      local _, e = client:order(provider.input(), { timeout = 0.5, correlation_id = "late" })
      local seconds = native.clock() - begun
      local _, look_e = assert(client:resume "some-order"):poll { timeout = 0.3 }
      return { e = e, seconds = seconds, look_e = look_e, orders = one.log().orders - before }
    end

    setup(function()
      for _, fault in ipairs(FAULTS) do boxes[fault] = provider.start { delay = 0.2 } end
      passed = side_by_side(FAULTS, try_passing)
      stayed = side_by_side(FAULTS, try_staying)
    end)
    teardown(function()
      for _, one in pairs(boxes) do assert(one.stop()) end
    end)

    for _, fault in ipairs(FAULTS) do
      it("is waited for inside the caller's deadline: " .. fault, function()
        local tried = passed[fault][1]
        assert.truthy(tried.order and tried.order.id, tostring(tried.e))
        if fault == "down" then assert.truthy(tried.seconds >= 1.4) end
      end)

      it("until it is too late is told as such, and nothing is ordered: " .. fault, function()
        local tried = stayed[fault][1]
        assert.same({ "not_sent", "late" }, { tried.e.kind, tried.e.correlation_id })
        assert.truthy(tostring(tried.e):find("token", 1, true), tostring(tried.e))
        assert.truthy(tried.seconds < 5)
        assert.same({ "unavailable", "some-order" }, { tried.look_e.kind, tried.look_e.order_id })
        assert.equal(0, tried.orders)
      end)
    end
  end)

  it("for three seconds is not noticed by those who wait for orders", function()
    local quick = provider.start { delay = 4, lifetime = 1 }
    local client = client_of(quick)
    local jobs = {}
    for i = 1, 30 do
      jobs[i] = function()
        local order = assert(client:order(provider.input()))
        if i == 1 then quick.token_fault "down=3" end
        return assert(order:wait { timeout = 60, first = 0.2, factor = 1 }):code()
      end
    end
    assert.equal(30, #esim.run(esim.all, jobs))
    assert(quick.stop())
  end)

  it("is left by each at his own deadline, and taken up by those who have more time", function()
    box.token_fault "down=2"
    local client = client_of(box)
    local function job(timeout)
      return function()
        local begun = native.clock()
        local order, e = client:order(provider.input(), { timeout = timeout })
        return { order = order, kind = e and e.kind, seconds = native.clock() - begun }
      end
    end
    local results = esim.run(esim.all, { job(0.3), job(0.6), job(30), job(30), job(0.4) })
    for i, timeout in pairs { 0.3, 0.6, [5] = 0.4 } do
      assert.equal("not_sent", results[i].kind)
      assert.truthy(results[i].seconds < timeout + 1.5, results[i].seconds)
    end
    assert.truthy(results[3].order and results[4].order)
  end)

  it("that hangs is given up at the deadline", function()
    box.token_fault "hang=8"
    local begun = native.clock()
    local _, e = client_of(box):order(provider.input(), { timeout = 0.5 })
    assert.equal("not_sent", e.kind)
    assert.truthy(native.clock() - begun < 3)
  end)
end)

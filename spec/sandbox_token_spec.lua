-- The sandbox's token end point, asked as RFC 6749 says, and what can be made to go wrong with it.

local curl = require "spec.support.curl"
local json = require "esim.json"
local raw = require "spec.support.raw"
local sandbox = require "esim.sandbox"

local box

setup(function() box = raw.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.token_fault() end)

local FORM = "Content-Type: application/x-www-form-urlencoded"

local function form(fields)
  local parts = {}
  for name, value in pairs(fields) do
    parts[#parts + 1] = name .. "=" .. value:gsub("%W", function(c) return ("%%%02X"):format(c:byte()) end)
  end
  return table.concat(parts, "&")
end

-- Ask for a token; changes to the form, `false` leaves out.
local function ask(changes, options)
  options = options or {}
  local from = options.box or box
  local fields = { grant_type = "client_credentials", client_id = from.client_id, client_secret = from.client_secret }
  for name, value in pairs(changes or {}) do fields[name] = value or nil end
  options.method = options.method or "POST"
  options.body, options.headers = options.body or form(fields), options.headers or { FORM }
  local said = curl.ask(from.token_url, options)
  return said, json.decode(said.body or "") or {}
end

local function ask_basic(id, secret, changes, from)
  local all = { client_id = false, client_secret = false }
  for name, value in pairs(changes or {}) do all[name] = value end
  return ask(all, { flags = "-u " .. raw.quote(id .. ":" .. secret), box = from })
end

local function token(from)
  return (assert(select(2, ask(nil, { box = from })).access_token))
end

-- The status of a call with a token.
local function try(with, from)
  return (raw.ask("/v1/order/none", { token = with, url = from and from.url }))
end

describe("a token", function()
  it("is issued for client credentials in the body, and lets its owner in", function()
    local said, answer = ask()
    assert.equal(200, said.status)
    assert.equal("no-store", said.headers["cache-control"])
    assert.equal("application/json", said.headers["content-type"])
    assert.same({ "Bearer", 300 }, { answer.token_type, answer.expires_in })
    assert.truthy(said.body:find('"expires_in":300[,}]'))
    assert.is_true(#answer.access_token > 20)
    assert.equal(404, try(answer.access_token))
    assert.equal(200, (raw.order("p", { token = answer.access_token })))
  end)

  it("is issued for HTTP Basic, whose id and secret are form-encoded first", function()
    assert.equal(200, ask_basic(box.client_id, box.client_secret).status)
    local other = assert(sandbox.start { client_id = "a:b c", client_secret = "ü%+/=:" })
    local plain = ask_basic("a:b c", "ü%+/=:", nil, other)
    local encoded = ask_basic("a%3Ab+c", "%C3%BC%25%2B%2F%3D%3A", nil, other)
    local body = ask(nil, { box = other })
    assert(other.stop())
    assert.same({ 401, 200, 200 }, { plain.status, encoded.status, body.status })
  end)

  it("is another one each time, and all of them are good", function()
    local one, two = token(), token()
    assert.not_equal(one, two)
    assert.same({ 404, 404 }, { try(one), try(two) })
  end)

  it("ends after its lifetime, and then every call answers 401; the fixed one never ends", function()
    local short = assert(sandbox.start { lifetime = 1, token = "fixed-for-ever" })
    local said, answer = ask(nil, { box = short })
    local before = try(answer.access_token, short)
    os.execute("sleep 1.2")
    local after, fixed = try(answer.access_token, short), try("fixed-for-ever", short)
    local again = try(token(short), short)
    assert(short.stop())
    assert.truthy(said.body:find('"expires_in":1[,}]'))
    assert.same({ 404, 401, 404, 404 }, { before, after, fixed, again })
  end)

  it("may live for a part of a second", function()
    local short = assert(sandbox.start { lifetime = 0.3 })
    local _, answer = ask(nil, { box = short })
    os.execute("sleep 0.5")
    local after = try(answer.access_token, short)
    assert(short.stop())
    assert.same({ 0.3, 401 }, { answer.expires_in, after })
  end)

  it("ends at once when the script says so", function()
    local one = token()
    assert.is_true(box.expire())
    assert.same({ 401, 404 }, { try(one), try(token()) })
    assert.equal("UNAUTHORISED", json.decode(select(3, raw.ask("/v1/order/none", { token = one }))).type)
    assert.equal(404, try(box.token))
  end)

  it("is good at every worker, and begins with the mark, as the secret does", function()
    local many = assert(sandbox.start { workers = 4, mark = "MARK" })
    local one, seen = token(many), {}
    for _ = 1, 20 do seen[try(one, many)] = true end
    many.expire()
    for _ = 1, 20 do seen[try(one, many)] = true end
    assert(many.stop())
    assert.same({ [404] = true, [401] = true }, seen)
    assert.truthy(one:find("^MARK"))
    assert.truthy(many.client_secret:find("^MARK"))
  end)
end)

describe("the token end point refuses", function()
  local WRONG = {
    { "a wrong secret", { client_secret = "x" }, 401, "invalid_client" },
    { "a wrong client", { client_id = "x" }, 401, "invalid_client" },
    { "no secret", { client_secret = false }, 401, "invalid_client" },
    { "another grant", { grant_type = "password" }, 400, "unsupported_grant_type" },
    { "a refresh token", { grant_type = "refresh_token", refresh_token = "x" }, 400, "unsupported_grant_type" },
    { "no grant", { grant_type = false }, 400, "invalid_request" },
  }
  for _, case in ipairs(WRONG) do
    it(case[1], function()
      local before = box.log().tokens
      local said, answer = ask(case[2])
      assert.same({ case[3], case[4] }, { said.status, answer.error })
      assert.is_string(answer.error_description)
      assert.equal(before, box.log().tokens)
    end)
  end

  it("what is no form, is there twice, or comes in two ways", function()
    local CASES = {
      { nil, { headers = { "Content-Type: application/json" } } }, { nil, { body = "nonsense" } },
      { nil, { body = "grant_type=client_credentials&grant_type=client_credentials" } },
      { nil, { flags = "-u " .. box.client_id .. ":x" } },
    }
    for _, case in ipairs(CASES) do
      local said, answer = ask(case[1], case[2])
      assert.same({ 400, "invalid_request" }, { said.status, answer.error })
    end
    assert.equal(404, ask(nil, { method = "GET" }).status)
  end)

  it("a wrong secret of HTTP Basic with a challenge for it", function()
    for _, secret in ipairs { "x", "", "%zz" } do
      local said, answer = ask_basic(box.client_id, secret)
      assert.same({ 401, "invalid_client" }, { said.status, answer.error })
      assert.truthy(said.headers["www-authenticate"]:find("^Basic realm="))
    end
    assert.is_nil(ask { client_secret = "x" }.headers["www-authenticate"])
  end)

  it("the other style where one is wanted", function()
    for style, wanted in pairs { body = { 200, 401 }, basic = { 401, 200 } } do
      local one = assert(sandbox.start { style = style })
      local got = { ask(nil, { box = one }).status, ask_basic(one.client_id, one.client_secret, nil, one).status }
      assert(one.stop())
      assert.same(wanted, got)
    end
  end)

  it("whoever does not ask for the scope that is wanted", function()
    local one = assert(sandbox.start { scope = "profile" })
    local said, answer = ask(nil, { box = one })
    local _, other = ask({ scope = "profiles" }, { box = one })
    local _, good = ask({ scope = "email profile" }, { box = one })
    assert(one.stop())
    assert.same({ 400, "invalid_scope", "invalid_scope" }, { said.status, answer.error, other.error })
    assert.same({ "Bearer", "email profile" }, { good.token_type, good.scope })
  end)
end)

describe("a token fault", function()
  it("closes the connection for some seconds", function()
    box.token_fault "down=0.7"
    assert.is_nil(ask().status)
    assert.is_nil(ask().status)
    raw.until_true(function() return ask().status == 200 end, "the end point is back")
  end)

  it("answers with a status, and says when to come back, as often as it was told to", function()
    box.token_fault "status=503,retry-after=1,times=2"
    for _ = 1, 2 do
      local said, answer = ask()
      assert.same({ 503, "1", "temporarily_unavailable" }, { said.status, said.headers["retry-after"], answer.error })
    end
    assert.equal(200, ask().status)
    box.token_fault "status=401,times=1"
    assert.equal("invalid_client", select(2, ask()).error)
  end)

  it("lets it hang, and is over when it is switched off", function()
    box.token_fault "hang=30"
    assert.is_nil(ask(nil, { seconds = 0.5 }).status)
    box.token_fault ""
    assert.equal(200, ask().status)
  end)

  it("spoils the answer", function()
    local CASES = {
      html = "^<!DOCTYPE", empty = "^{}$", ["wrong-type"] = '"token_type":"mac"', huge = '^{"id":"xxxx',
      ["wrong-type=token"] = '"access_token":42[,}]', ["no-expiry"] = '"access_token":"',
    }
    for directive, pattern in pairs(CASES) do
      box.token_fault(directive .. ",times=1")
      local said, answer = ask()
      assert.equal(200, said.status)
      assert.truthy(said.body:find(pattern), directive)
      assert.is_true(directive ~= "no-expiry" or answer.expires_in == nil)
      assert.equal(200, ask().status)
    end
    box.token_fault "garbled"
    assert.is_nil(ask().headers["content-type"])
    box.token_fault "status=502&html"
    assert.same({ 502, "text/html" }, { ask().status, ask().headers["content-type"] })
  end)
end)

describe("the log of tokens", function()
  it("counts those issued and those asked for, and holds no secret", function()
    local before = box.log()
    local one = token()
    ask_basic(box.client_id, box.client_secret)
    ask { client_secret = "wrong-secret" }
    box.token_fault "down=5,times=1"
    ask()
    local log = box.log()
    assert.same({ before.tokens + 2, before.token_requests + 4 }, { log.tokens, log.token_requests })
    local path = box.token_url:sub(#box.url + 1)
    for i, status in ipairs { 200, 200, 401, 0 } do
      local entry = log.requests[#before.requests + i]
      assert.same({ "POST", path, status, "[redacted]" }, { entry.method, entry.path, entry.status, entry.body })
    end
    assert.equal("Basic [redacted]", log.requests[#before.requests + 2].headers.authorization)
    local text = json.encode(log)
    local encoded = raw.run("printf %s " .. raw.quote(box.client_id .. ":" .. box.client_secret)
      .. " | base64 -w 0")
    for _, secret in ipairs { one, box.client_secret, "wrong-secret", encoded } do
      assert.is_nil(text:find(secret, 1, true))
    end
  end)
end)

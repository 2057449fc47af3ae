-- From options to an account, and from an input to exactly what is sent.

local esim = require "esim"
local json = require "esim.json"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)

local function last_request()
  local log = box.log().requests
  return log[#log], #log
end

local function requests()
  return #box.log().requests
end

local function client_at(url)
  return assert(esim.client { url = url, token = box.token })
end

describe("a client", function()
  it("is made of every option", function()
    assert.truthy(esim.client {
      url = "https://example.com", token = function() end, rate = 0.5, connections = 1, timeout = 0.001,
      ca_file = "/no/such", client_cert = "/no/such", client_key = "/no/such", allow_http = true,
    })
    assert.truthy(esim.client { url = "http://example.com", token = "t", allow_http = true })
    assert.truthy(esim.client { url = esim.PRODUCTION, token = "t" })
  end)

  local WRONG = {
    { "table", nil }, { "table", "https://example.com" }, { "url", { token = "t" } },
    { "url", { url = 1, token = "t" } },
    { "token", { url = esim.PRODUCTION } }, { "token", { url = esim.PRODUCTION, token = 1 } },
    { "verify", { url = esim.PRODUCTION, token = "t", verify = false } },
    { "1", { url = esim.PRODUCTION, token = "t", "x" } },
    { "rate", { url = esim.PRODUCTION, token = "t", rate = -1 } },
    { "rate", { url = esim.PRODUCTION, token = "t", rate = 0 / 0 } },
    { "connections", { url = esim.PRODUCTION, token = "t", connections = 0 } },
    { "timeout", { url = esim.PRODUCTION, token = "t", timeout = 0 } },
    { "timeout", { url = esim.PRODUCTION, token = "t", timeout = math.huge } },
    { "allow_http", { url = esim.PRODUCTION, token = "t", allow_http = 1 } },
    { "ca_file", { url = esim.PRODUCTION, token = "t", ca_file = true } },
  }
  for i, case in ipairs(WRONG) do
    it(i .. " is refused at the caller's line, which names " .. case[1], function()
      local ok, reason = pcall(function()
        local made = esim.client(case[2])
        return made
      end)
      assert.is_false(ok)
      assert.truthy(reason:find("client_spec.lua", 1, true), reason)
      assert.truthy(reason:find(case[1], 1, true), reason)
    end)
  end

  for _, url in ipairs { "", "x", "http://example.com", "https://u:p@example.com", "https://example.com/?a=b",
    "https://example.com/#a", "https://example.com/#", "https://example.com/?", "ftp://example.com",
    "http://127.300.1.1", "http://127.0.0.1.1", "https://example.com/a b", "https://example.com/\r\nX: 1" } do
    it(("with the URL %q is invalid, and its error one line"):format(url), function()
      local made, e = esim.client { url = url, token = "t" }
      assert.is_nil(made)
      assert.same({ "invalid", "url" }, { e.kind, e.field })
      assert.is_nil(tostring(e):find("%c"))
    end)
  end

  it("may name its URL with a slash at the end", function()
    for _, slashes in ipairs { "", "/", "//" } do
      local client = client_at(box.url .. slashes)
      assert.equal(box.url .. "/v1/order", assert(client:preview(provider.input())).url)
      local placed = assert(client:order(provider.input()))
      assert.equal("/v1/order", (last_request()).path)
      assert.truthy(placed:wait { timeout = 20, first = 0.05 })
    end
  end)

  it("reads as its URL, without the token", function()
    assert.equal("esim.client: " .. box.url, tostring(client_at(box.url)))
  end)
end)

describe("what preview shows", function()
  local INPUTS = {
    provider.input("cm9kIiwiY2xpZW50QWRkcmVzcyI"),
    provider.input("x", { countryCode = "US", more = { deep = { "a", 1.5, true } } }),
    provider.input("x", { customer = { email = "\195\169 \"quoted\" \\ \240\159\152\128@example.com" } }),
    provider.input("x", { operationType = "TOPUP", esim = { iccid = "8944478600000205337" } }),
  }
  for i, input in ipairs(INPUTS) do
    it(i .. " is what is sent", function()
      local shown = assert(box.client:preview(input, { correlation_id = "seen-" .. i }))
      assert(box.client:order(input, { correlation_id = "seen-" .. i }))
      local sent = last_request()
      assert.same(json.decode(shown.body), json.decode(sent.body))
      assert.equal(shown.method, sent.method)
      assert.equal(shown.url, box.url .. sent.path)
      for name, value in pairs(shown.headers) do
        assert.equal(value, sent.headers[name:lower()], name)
      end
    end)
  end

  it("has the headers that the provider wants", function()
    assert.same({
      Authorization = "Bearer [redacted]", ["Cache-Control"] = "no-cache", ["Content-Type"] = "application/json",
      ["X-Correlation-ID"] = "c-1", Accept = "application/json",
    }, assert(box.client:preview(provider.input(), { correlation_id = "c-1" })).headers)
  end)

  it("is not sent, and holds no token", function()
    local before = requests()
    local shown = assert(box.client:preview(provider.input()))
    assert.equal(before, requests())
    for _, text in pairs(shown.headers) do assert.is_nil(text:find(box.token, 1, true)) end
    assert.is_nil((shown.url .. shown.body):find(box.token, 1, true))
  end)

  it("leaves the caller's table as it was", function()
    local input = provider.input()
    assert(box.client:preview(input))
    assert(box.client:order(input))
    assert.same(provider.input(), input)
  end)
end)

describe("a correlation id", function()
  it("is a version 4 UUID of its own for each order", function()
    local seen, count = {}, 0
    local input = provider.input()
    for _ = 1, 10000 do
      local id = box.client:preview(input).headers["X-Correlation-ID"]
      if id:find("^%x%x%x%x%x%x%x%x%-%x%x%x%x%-4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$") and not seen[id] then
        seen[id], count = true, count + 1
      end
    end
    assert.equal(10000, count)
  end)

  it("of one's own goes with the order and all looks at it", function()
    local mine = ("x"):rep(254) .. "~"
    local placed = assert(box.client:order(provider.input(), { correlation_id = mine }))
    assert.equal(mine, placed.correlation_id)
    assert.equal(mine, (last_request()).correlation_id)
    assert(placed:poll())
    assert.equal(mine, (last_request()).correlation_id)
    assert.equal(1, box.log().by_correlation_id[mine])
  end)

  for _, id in ipairs { "", " ", "a\nb", "a\r\nX-Evil: 1", "a\0b", "a\127", "\t", " a", "a ", ("x"):rep(256) } do
    it(("%q is refused before anything is sent"):format(id:gsub("%c", "?"):sub(1, 20)), function()
      local before = requests()
      for _, call in ipairs { "order", "preview" } do
        local placed, e = box.client[call](box.client, provider.input(), { correlation_id = id })
        assert.is_nil(placed)
        assert.same({ "invalid", "correlation_id" }, { e.kind, e.field })
        assert.is_nil(tostring(e):find("Evil", 1, true))
      end
      assert.equal(before, requests())
    end)
  end

  it("that is no text is misuse", function()
    for _, id in ipairs { 1, true, {} } do
      local ok, reason = pcall(function()
        local placed = box.client:order(provider.input(), { correlation_id = id })
        return placed
      end)
      assert.is_false(ok)
      assert.truthy(reason:find("client_spec.lua", 1, true), reason)
    end
  end)
end)

describe("an order's input that is no JSON", function()
  it("is refused with a reason, and nothing is sent", function()
    local before = requests()
    local loop = provider.input()
    loop.more = loop
    for _, input in ipairs { provider.input("x", { more = print }), provider.input("x", { more = 0 / 0 }), loop,
      provider.input("x", { more = 12345678901234567 }), provider.input("x", { more = { 1, [99] = 2 } }) } do
      local placed, e = box.client:order(input, { correlation_id = "c-1" })
      assert.is_nil(placed)
      assert.same({ "invalid", "input", "c-1" }, { e.kind, e.field, e.correlation_id })
    end
    assert.equal(before, requests())
  end)
end)

describe("what is larger than a request may be", function()
  it("is refused, named, and not sent", function()
    local before, many = requests(), ("x"):rep(2 ^ 24)
    local placed, e = box.client:order(provider.input("x", { more = many }), { correlation_id = "c-1" })
    assert.is_nil(placed)
    assert.same({ "invalid", "input", "c-1" }, { e.kind, e.field, e.correlation_id })
    placed, e = box.client:product(many)
    assert.is_nil(placed)
    assert.equal("invalid", e.kind)
    assert.truthy(e.message:find("larger than the limit", 1, true), e.message)
    assert.equal(before, requests())
  end)
end)

describe("an account that the provider asked to pause", function()
  it("says throttled to an order whose deadline ends before, and does not send it", function()
    local client = client_at(box.url)
    local _, e = client:order(provider.input("sandbox:429=1,retry-after=60"), { timeout = 20 })
    assert.equal("throttled", e.kind)
    local before = requests()
    _, e = client:order(provider.input(), { timeout = 0.1 })
    assert.equal("throttled", e.kind)
    assert.is_true(e.retry_after > 20)
    assert.equal(before, requests())
  end)

  it("for longer than anybody waits says so to what names no deadline", function()
    local client = client_at(box.url)
    local placed, e = client:order(provider.input("sandbox:429=1,retry-after=86400"))
    assert.is_nil(placed)
    assert.equal("throttled", e.kind)
    local before = requests()
    placed, e = client:order(provider.input())
    assert.is_nil(placed)
    assert.equal("throttled", e.kind)
    assert.is_true(e.retry_after > 80000)
    local _, of_look = assert(client:resume "o-1"):poll()
    assert.equal("throttled", of_look.kind)
    assert.equal(before, requests())
  end)
end)

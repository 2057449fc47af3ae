-- The sandbox's notifications: registered as curl does it, taken by a socket of this spec's own.

local curl = require "spec.support.curl"
local json = require "esim.json"
local raw = require "spec.support.raw"
local sandbox = require "esim.sandbox"
local socket = require "esim_peer"

local box, listener, hook

setup(function()
  box = raw.start { delay = 0 }
  local port
  listener, port = assert(socket.listen())
  hook = "http://127.0.0.1:" .. port
end)

teardown(function()
  socket.close(listener)
  assert(box.stop())
end)

local EID = "89049032123451234512345678901235"

local function ordered(product)
  local input = { device = { id = "1", type = "ios", eid = EID } }
  return raw.finish(raw.id_of(select(3, raw.order(nil, { body = raw.input(product or "p", input) })))).output
end

-- One call about a webhook: status, JSON.
local function call(method, iccid, kind, url)
  local status, _, body = raw.ask("/v1/sim/" .. iccid .. "/preferences/notifications/" .. kind,
    { method = method, body = type(url) == "string" and json.encode { webhook_url = url } or url and url[1] })
  return status, json.decode(body)
end

local function registered(iccid)
  return json.decode(select(3, raw.ask("/v1/sim/" .. iccid .. "/preferences"))).notifications
end

local function read_request(connection)
  local text = ""
  while true do
    text = text .. assert(socket.read(connection, 65536))
    local head = text:match("^(.-\r\n\r\n)")
    if head and #text >= #head + tonumber(head:lower():match("content%-length: (%d+)")) then
      return head, json.decode(text:sub(#head + 1))
    end
  end
end

-- The next notification: its head, its body. The sandbox has counted it by then.
local function taken()
  local before = box.log().notifications
  local connection = assert(socket.accept(listener), "nobody was told")
  local head, body = read_request(connection)
  socket.write(connection, "HTTP/1.1 204 No Content\r\n\r\n")
  socket.close(connection)
  raw.until_true(function() return box.log().notifications == before + 1 end, "a notification that is counted")
  return head, body
end

describe("preferences", function()
  it("are registered by POST or PUT, shown, and removed", function()
    local iccid = ordered().iccid
    assert.equal('{"notifications":[]}', (select(3, raw.ask("/v1/sim/" .. iccid .. "/preferences"))))
    local one = { type = "SUBSCRIPTION_END", webhook_url = "https://example.com/a" }
    local two = { type = "USAGE_THRESHOLD", webhook_url = "https://example.com/b" }
    local status, said = call("POST", iccid, one.type, one.webhook_url)
    assert.same({ 200, { notifications = { one } } }, { status, said })
    for _ = 1, 2 do
      status, said = call("PUT", iccid, two.type, two.webhook_url)
      assert.same({ 200, { notifications = { one, two } } }, { status, said })
    end
    assert.same({ one, two }, registered(iccid))
    assert.same({}, registered(ordered().iccid))
    status, said = call("DELETE", iccid, "SUBSCRITPION_END", one.webhook_url)
    assert.same({ 200, { notifications = { two } } }, { status, said })
    status, said = call("DELETE", iccid, one.type, one.webhook_url)
    assert.same({ 404, "NOTIFICATION_NOT_FOUND" }, { status, said.type })
    assert.same({ two }, registered(iccid))
  end)

  it("are refused where they are none", function()
    local iccid = ordered().iccid
    for _, method in ipairs { "POST", "PUT", "DELETE" } do
      assert.equal(400, (call(method, iccid, "WEATHER", hook)))
      for _, body in ipairs { "{}", "x", '{"webhook_url":1}', '{"webhook_url":"ftp://a"}',
        '{"webhook_url":"http://"}' } do
        assert.equal(400, (call(method, iccid, "USAGE_THRESHOLD", { body })), body)
      end
      assert.equal("SIM_NOT_FOUND", (select(2, call(method, "none", "USAGE_THRESHOLD", hook)).type))
    end
    assert.equal(404, (raw.ask "/v1/sim/none/preferences"))
    assert.same({}, registered(iccid))
  end)

  it("want a token, and meet faults that are switched on", function()
    local iccid = ordered().iccid
    local path = "/v1/sim/" .. iccid .. "/preferences/notifications/USAGE_THRESHOLD"
    local body = json.encode { webhook_url = hook }
    for _, method in ipairs { "POST", "PUT", "DELETE" } do
      box.fault { path = "/v1/sim/*", method = method, status = 503, times = 1 }
      assert.equal(503, (raw.ask(path, { method = method, body = body })))
      assert.equal(401, (raw.ask(path, { method = method, body = body, token = "x" })))
      box.fault { path = "/v1/sim/*", cut = "during", times = 1 }
      assert.equal(18, (select(4, raw.ask(path, { method = method, body = body }))))
    end
    assert.same({}, registered(iccid))
    box.fault()
  end)
end)

describe("a notification", function()
  it("is posted as JSON when a SIM moves, or is given an EID", function()
    local iccid = ordered().iccid
    call("POST", iccid, "DOWNLOAD_PROGRESS", hook .. "/hook?key=1")
    box.sim(iccid, "Installed")
    local head, body = taken()
    assert.truthy(head:find("^POST /hook%?key=1 HTTP/1.1\r\n"))
    assert.truthy(head:find("\r\nHost: " .. hook:match("//(.*)"):gsub("%W", "%%%0") .. "\r\n"))
    assert.truthy(head:find("\r\nContent-Type: application/json\r\n", 1, true))
    assert.is_true(#body.id > 30 and #body.notification_point_description > 5)
    body.id, body.notification_point_description = nil, nil
    local wanted = { iccid = iccid, eid = EID, type = "DOWNLOAD_PROGRESS", notification_status = "SUCCESS",
      download_progress_step = "BPP_INSTALLATION" }
    assert.same(wanted, body)
    assert.equal(200, (raw.ask("/v1/sim/" .. iccid, { method = "PUT", body = '{"eid":"' .. EID .. '"}' })))
    assert.equal("DOWNLOAD_PROGRESS", (select(2, taken()).type))
  end)

  it("is posted when the script says so, in either spelling", function()
    local out = ordered "kn8etk9XBX0gG7pFP5KErXvWVNN4jOERTMVMNEkX-Ak="
    call("PUT", out.iccid, "SUBSCRIPTION_END", hook)
    call("PUT", out.iccid, "USAGE_THRESHOLD", hook)
    local one = json.decode(select(3, raw.ask("/v1/subscription/" .. out.subscription_id)))
    for _, kind in ipairs { "SUBSCRIPTION_END", "SUBSCRITPION_END", "USAGE_THRESHOLD" } do
      box.notify(out.iccid, kind)
      local head, body = taken()
      assert.truthy(head:find("^POST / HTTP"))
      assert.same({
        id = body.id, type = kind, iccid = out.iccid, subscription_id = out.subscription_id,
        expiration_date = one.expirationDate, current_balance = 3221225472,
        threshold = kind == "USAGE_THRESHOLD" and 80 or nil,
      }, body)
    end
    for _, path in ipairs { out.iccid .. "/WEATHER", "none/USAGE_THRESHOLD", out.iccid } do
      assert.equal(400, curl.ask(box.url .. "/sandbox/notify/" .. path, { method = "POST" }).status)
    end
  end)

  it("tells that four fifths, and all, are spent", function()
    local body = raw.input("p", { subscriptions = { { product_id = "p", is_first_usage_activation = true } } })
    local out = raw.finish(raw.id_of(select(3, raw.order(nil, { body = body })))).output
    call("PUT", out.iccid, "SUBSCRIPTION_END", hook)
    call("PUT", out.iccid, "USAGE_THRESHOLD", hook)
    local seen = {}
    for i, share in ipairs { 0.5, 0.8, 0.9, 1 } do
      box.spend(out.subscription_id, share)
      local now = json.decode(select(3, raw.ask("/v1/subscription/" .. out.subscription_id)))
      seen[i] = now.status .. " " .. now.spentBalance
      if share == 0.8 or share == 1 then
        local _, said = taken()
        assert.equal(share == 1 and "SUBSCRIPTION_END" or "USAGE_THRESHOLD", said.type)
        assert.equal(("%.0f"):format(now.initialBalance - now.spentBalance), ("%.0f"):format(said.current_balance))
      end
    end
    assert.same({ "ACTIVE 536870912", "ACTIVE 858993459", "ACTIVE 966367641", "DEPLETED 1073741824" }, seen)
    for _, path in ipairs { out.subscription_id .. "?spent=2", out.subscription_id, "none?spent=1" } do
      assert.equal(400, curl.ask(box.url .. "/sandbox/subscription/" .. path, { method = "POST" }).status)
    end
  end)

  it("goes to no other machine, and to nobody who did not ask for it", function()
    local iccid = ordered().iccid
    local port = hook:match("%d+$")
    for _, url in ipairs { "http://192.0.2.1/", "http://example.com:" .. port, "http://127.0.0.1.example.com/",
      "http://127.0.0.1@192.0.2.1/", "http://x@127.0.0.1:" .. port, "http://[::2]:" .. port } do
      assert.equal(200, (call("PUT", iccid, "USAGE_THRESHOLD", url)))
    end
    assert.equal(200, (call("PUT", iccid, "DOWNLOAD_PROGRESS", hook)))
    local before = box.log().notifications
    box.notify(iccid, "USAGE_THRESHOLD")
    box.notify(ordered().iccid, "DOWNLOAD_PROGRESS")
    box.notify(iccid, "DOWNLOAD_PROGRESS")
    assert.equal("DOWNLOAD_PROGRESS", (select(2, taken()).type))
    assert.equal(before + 1, box.log().notifications)
  end)

  it("goes by TLS and to localhost too; one that nobody takes does not count", function()
    local other = assert(sandbox.start { tls = true })
    local iccid = ordered().iccid
    call("PUT", iccid, "USAGE_THRESHOLD", other.url .. "/by-address")
    call("PUT", iccid, "USAGE_THRESHOLD", "https://localhost:" .. other.port .. "/by-name")
    call("PUT", iccid, "USAGE_THRESHOLD", "http://localhost:1/closed")
    local before = box.log().notifications
    box.notify(iccid, "USAGE_THRESHOLD")
    raw.until_true(function() return box.log().notifications == before + 2 end, "two that are counted")
    local paths = {}
    for _, request in ipairs(other.log().requests) do paths[request.path] = request.method end
    assert(other.stop())
    assert.same({ ["/by-address"] = "POST", ["/by-name"] = "POST" }, paths)
  end)

  it("leaves no secret of its URL in the log", function()
    local iccid = ordered().iccid
    local url = "http://user:hush1@127.0.0.1:1/path?key=hush2#hush3"
    for _, method in ipairs { "POST", "PUT", "DELETE" } do
      assert.equal(200, (call(method, iccid, "USAGE_THRESHOLD", url)))
    end
    call("PUT", iccid, "USAGE_THRESHOLD", "http://127.0.0.1:1/plain")
    local log = box.log()
    assert.is_nil(json.encode(log):find("hush", 1, true))
    assert.same({ webhook_url = "http://[redacted]@127.0.0.1:1/path?[redacted]" },
      json.decode(log.requests[#log.requests - 1].body))
    assert.equal(json.encode { webhook_url = "http://127.0.0.1:1/plain" }, log.requests[#log.requests].body)
  end)
end)

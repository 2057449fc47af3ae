-- A SIM: what it says, what can be changed of it.

local esim = require "esim"
local json = require "esim.json"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local EID = "89049032123451234512345678901235"

local box

setup(function() box = provider.start { delay = 0 } end)
teardown(function() assert(box.stop()) end)
before_each(function() box.fault() end)

local function profile_of(product_id, fields)
  return assert(assert(box.client:order(provider.input(product_id, fields))):wait { timeout = 20, first = 0.05 })
end

-- What a client is told of a SIM whose provider answers so.
local function told(body, iccid)
  local server = peer.start(function(server)
    local connection = server:accept()
    server:request(connection)
    server:write(connection, peer.answer("200 OK", body))
    server:close(connection)
    return 0
  end)
  return assert(esim.client { url = server.url, token = "t" }):sim(iccid or "8944478600000205337", { timeout = 2 })
end

describe("a SIM", function()
  it("is had by the ICCID of an order, with one request", function()
    local profile = profile_of()
    local before = #box.log().requests
    local sim = assert(box.client:sim(profile.iccid))
    assert.equal(before + 1, #box.log().requests)
    assert.same({ profile.iccid, "Released" }, { sim.iccid, sim.status })
    assert.equal("Released", sim.raw.profileStatus)
  end)

  it("tells its ICCID and status alone", function()
    local profile = profile_of()
    local sim = assert(box.client:sim(profile.iccid))
    assert.equal("esim.sim: ICCID " .. profile.iccid .. " Released", tostring(sim))
    assert.truthy(sim.raw.lpa_url)
  end)

  it("is looked at again", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    box.sim(sim.iccid, "Installed")
    assert.equal("Released", sim.status)
    assert.equal(sim, assert(sim:refresh()))
    assert.equal("Installed", sim.status)
  end)

  it("with an ICCID that breaks the rules is not asked for, unless the caller knows better", function()
    local before = #box.log().requests
    for _, wrong in ipairs { "1", "8944478600000205338", "89444786000002053x7" } do
      local sim, e = box.client:sim(wrong)
      assert.is_nil(sim)
      assert.same({ "invalid", "iccid" }, { e.kind, e.field })
    end
    assert.equal(before, #box.log().requests)
    local _, e = box.client:sim("8944478600000205338", { check = false })
    assert.same({ "refused", 404, "SIM_NOT_FOUND" }, { e.kind, e.http, e.type })
  end)

  for _, body in ipairs { "{}", "[]", '{"iccid":"8944478600000205337"}', '{"iccid":"8944478600000205345","status":"x"}',
    '{"status":{}}', "" } do
    it(("is not what the body %q holds"):format(body), function()
      local sim, e = told(body)
      assert.is_nil(sim)
      assert.equal("answer", e.kind)
    end)
  end

  it("is known also where its ICCID is padded, or not said", function()
    assert.equal("x", assert(told('{"iccid":"8944478600000205337F","status":"x"}')).status)
    assert.equal("x", assert(told('{"status":"x"}')).status)
  end)

  it("of which strange things are told reads as one line", function()
    local sim = assert(told(json.encode { status = "LPA:1$rsp.example.com$AB\nC" }))
    assert.equal("esim.sim: ICCID 8944478600000205337 unknown", tostring(sim))
  end)
end)

describe("an update", function()
  it("writes the EID", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    assert.is_nil(sim.eid)
    assert.equal(EID, assert(sim:update { eid = EID }).eid)
    assert.equal(EID, assert(box.client:sim(sim.iccid)).eid)
  end)

  it("of an EID that breaks the rules is not sent, unless the caller knows better", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    local before = #box.log().requests
    for _, wrong in ipairs { "1", EID:gsub(".$", "6"), 1, {} } do
      local done, e = sim:update { eid = wrong }
      assert.is_nil(done)
      assert.same({ "invalid", "eid" }, { e.kind, e.field })
    end
    assert.equal(before, #box.log().requests)
    local _, e = sim:update({ eid = "1" }, { check = false })
    assert.same({ "refused", 400, "INVALID_REQUEST_PARAMS" }, { e.kind, e.http, e.type })
    assert.is_nil(sim.eid)
  end)

  it("that the provider answers with nothing leaves the SIM as it was", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      server:request(connection)
      server:write(connection, peer.answer("200 OK", '{"status":"Released"}'))
      server:request(connection)
      server:write(connection, "HTTP/1.1 204 No Content\r\n\r\n")
      server:request(connection)
      return 0
    end)
    local sim = assert(assert(esim.client { url = server.url, token = "t" }):sim "8944478600000205337")
    assert.equal(sim, assert(sim:update { eid = EID }))
    assert.same({ "Released" }, { sim.status, sim.eid })
  end)
end)

describe("a SIM's subscriptions", function()
  it("are walked in a loop", function()
    local profile = profile_of("p")
    local seen = {}
    for one, e in assert(box.client:sim(profile.iccid)):subscriptions() do
      assert(one, e)
      seen[#seen + 1] = one.id .. " " .. one.product_id .. " " .. one.iccid
    end
    assert.same({ profile.subscription_id .. " p " .. profile.iccid }, seen)
  end)

  it("that cannot be had end in false and an error", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    box.fault { path = "/v1/sim/*/subscriptions", status = 403 }
    local count, last = 0, nil
    for one, e in sim:subscriptions() do
      assert.is_false(one)
      count, last = count + 1, e
    end
    assert.same({ 1, "unauthorised" }, { count, last.kind })
  end)
end)

describe("a SIM's notifications", function()
  local URL = "https://shop.example.com/told?by=sim"

  it("are registered, listed and forgotten", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    assert.same({}, assert(sim:notifications()))
    assert.is_true(assert(sim:notify { type = "SUBSCRIPTION_END", url = URL }))
    assert.is_true(assert(sim:notify { type = "USAGE_THRESHOLD", url = "http://127.0.0.1/x" }))
    local list = assert(sim:notifications())
    assert.same({ 2, "SUBSCRIPTION_END", URL, URL }, { #list, list[1].type, list[1].url, list[1].raw.webhook_url })
    for _, one in ipairs(list) do assert.is_true(assert(sim:unnotify(one))) end
    assert.same({}, assert(sim:notifications()))
    local _, e = sim:unnotify(list[1])
    assert.same({ "refused", 404 }, { e.kind, e.http })
  end)

  it("arrive at the URL, and can be read", function()
    local server = peer.start(function(server)
      local connection = server:accept()
      local body = server:request(connection):match("\r\n\r\n(.*)$")
      server:write(connection, peer.answer("200 OK", "{}"))
      local got = esim.notification.parse(body)
      return got and got.type == "DOWNLOAD_PROGRESS" and #got.iccid or 0
    end)
    local sim = assert(box.client:sim(profile_of().iccid))
    assert(sim:notify { type = "DOWNLOAD_PROGRESS", url = server.url })
    box.sim(sim.iccid, "Downloaded")
    assert.equal(#sim.iccid, server.wait())
  end)

  it("go to a whole URL alone, and their type is one part of the path", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    local before = #box.log().requests
    for _, url in ipairs { "x", "ftp://x/y", "//x", "http://", "https://a b", "https://a\r\nX: 1" } do
      local done, e = sim:notify { type = "SUBSCRIPTION_END", url = url }
      assert.is_nil(done)
      assert.same({ "invalid", "url" }, { e.kind, e.field })
    end
    assert.equal(before, #box.log().requests)
    local _, e = sim:notify { type = "MOON/LANDING", url = URL }
    assert.equal("refused", e.kind)
  end)

  it("are registered once, and forgotten until that worked", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    box.fault { path = "/v1/sim/*/preferences/*", method = "POST", status = 502 }
    assert.equal("unknown", select(2, sim:notify { type = "SUBSCRIPTION_END", url = URL }).kind)
    box.fault()
    assert(sim:notify { type = "SUBSCRIPTION_END", url = URL })
    box.fault { path = "/v1/sim/*/preferences/*", method = "DELETE", status = 502, times = 2 }
    assert.is_true(assert(sim:unnotify({ type = "SUBSCRIPTION_END", url = URL }, { timeout = 20 })))
  end)

  it("that cannot be read are an error", function()
    local sim = assert(box.client:sim(profile_of().iccid))
    box.fault { path = "/v1/sim/*/preferences", html = true }
    assert.equal("answer", select(2, sim:notifications()).kind)
  end)
end)

describe("what a SIM's calls are not given", function()
  local sim

  setup(function() sim = assert(box.client:sim(profile_of().iccid)) end)

  local WRONG = {
    { "fields", function() local x = sim:update() return x end },
    { "fields", function() local x = sim:update {} return x end },
    { "check", function() local x = sim:update({ eid = EID }, { check = 1 }) return x end },
    { "timeout", function() local x = sim:refresh { timeout = -1 } return x end },
    { "nonsense", function() local x = sim:refresh { nonsense = 1 } return x end },
    { "sise", function() local x = sim:subscriptions { sise = 1 } return x end },
    { "type", function() local x = sim:notify { url = "https://x" } return x end },
    { "url", function() local x = sim:notify { type = "X" } return x end },
    { "unnotify", function() local x = sim:unnotify() return x end },
    { "url", function() local x = sim:unnotify { type = "X" } return x end },
    { "notifications", function() local x = sim:notifications(1) return x end },
  }
  for i, case in ipairs(WRONG) do
    it(i .. " is misuse at the caller's line, which names " .. case[1], function()
      local ok, reason = pcall(case[2])
      assert.is_false(ok)
      assert.truthy(reason:find("sim_spec.lua", 1, true), reason)
      assert.truthy(reason:find(case[1], 1, true), reason)
    end)
  end
end)

-- What arrives at a URL that anybody may post to.

local esim = require "esim"
local json = require "esim.json"
local notification = require "esim.notification"

local parse = esim.notification.parse

describe("a notification", function()
  it("is read as the provider's page has it", function()
    local body = {
      id = "1234-56789", type = "USAGE_THRESHOLD", iccid = "893000000002391231", subscription_id = "ZHNhc2Rhc2Q=",
      threshold = 80, expiration_date = "2024-10-14T04:05:38Z", current_balance = 1073741824,
    }
    local got = assert(parse(json.encode(body)))
    assert.same({ "USAGE_THRESHOLD", "1234-56789", "893000000002391231", "ZHNhc2Rhc2Q=" },
      { got.type, got.id, got.iccid, got.subscription_id })
    assert.same(body, got.raw)
  end)

  for _, spelling in ipairs { "SUBSCRIPTION_END", "SUBSCRITPION_END" } do
    it("of a subscription's end has one type, also spelt " .. spelling, function()
      local got = assert(parse('{"type":"' .. spelling .. '","iccid":"89"}'))
      assert.equal("SUBSCRIPTION_END", got.type)
      assert.equal(spelling, got.raw.type)
    end)
  end

  it("of a type that nobody knows comes through", function()
    assert.equal("MOON_LANDING", assert(parse '{"type":"MOON_LANDING","x":{"y":[1]}}').type)
  end)

  it("holds texts alone where texts are promised", function()
    local got = assert(parse '{"type":"X","id":1,"iccid":{"a":1},"subscription_id":true,"eid":[],"iccid ":"x"}')
    assert.same({}, { got.id, got.iccid, got.subscription_id, got.eid })
  end)

  it("tells nothing of what it holds", function()
    local secret = "LPA:1$rsp.example.com$AB-CDEFG"
    assert.is_nil(tostring(assert(parse(json.encode { type = secret, code = secret }))):find("AB%-CDEFG"))
  end)

  local HOSTILE = {
    "", " ", "{}", "[]", "null", "1", '"x"', "{", '{"type":1}', '{"type":""}', '{"type":null}', '{"type":{}}', "\0",
    "\255\254", ("["):rep(60000), ("{\"a\":"):rep(10000), '{"type":"X"', '{"type":"X"} trailing', ("x"):rep(70000),
    '{"type":"X","pad":"' .. ("x"):rep(65536) .. '"}', "<html>", "type=X", '["type"]', '{"type":"\\ud800"}',
    1, true, false, {}, print,
  }
  for i = 1, #HOSTILE do
    it("that is hostile (" .. i .. ") is an error in one line, and raises nothing", function()
      local got, e = parse(HOSTILE[i])
      assert.is_nil(got)
      assert.same({ "invalid", "notification" }, { e.kind, e.field })
      assert.is_nil(tostring(e):find("%c"))
    end)
  end

  it("that is not there is an error", function()
    assert.equal("invalid", select(2, parse()).kind)
  end)

  it("of random bytes raises nothing", function()
    math.randomseed(1)
    local whole = '{"type":"SUBSCRIPTION_END","iccid":"893000000002391231","n":[1,2,{"a":null}]}'
    for _ = 1, 2000 do
      local at = math.random(#whole)
      parse(whole:sub(1, at - 1) .. string.char(math.random(0, 255)) .. whole:sub(at + 1))
      parse(whole:sub(1, at))
    end
  end)
end)

describe("a SIM's preferences", function()
  it("list notifications in any of the forms that may come", function()
    local wanted = { "SUBSCRIPTION_END https://a", "USAGE_THRESHOLD https://b" }
    for _, body in ipairs {
      { notifications = { { type = "USAGE_THRESHOLD", webhook_url = "https://b" },
        { type = "SUBSCRIPTION_END", webhook_url = "https://a" } } },
      { notifications = { SUBSCRIPTION_END = { webhook_url = "https://a" }, USAGE_THRESHOLD = { url = "https://b" } } },
      { { type = "USAGE_THRESHOLD", webhook_url = "https://b" },
        { type = "SUBSCRIPTION_END", webhook_url = "https://a" } },
      { SUBSCRIPTION_END = "https://a", USAGE_THRESHOLD = "https://b" },
    } do
      local list = {}
      for i, one in ipairs(assert(notification.list(body))) do list[i] = one.type .. " " .. one.url end
      assert.same(wanted, list)
    end
  end)

  it("may be empty, or be none", function()
    assert.same({}, notification.list {})
    assert.same({}, notification.list { notifications = {} })
    for _, body in ipairs { { notifications = "x" }, { { type = "X" } }, { { webhook_url = "x" } }, { "x" },
      { iccid = "8944478600000205337" }, { X = { webhook_url = "x" } } } do
      assert.is_nil(notification.list(body))
    end
  end)
end)

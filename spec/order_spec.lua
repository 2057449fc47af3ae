-- An order that was accepted: look, wait, cancel, save, resume.

local api = require "esim.api"
local json = require "esim.json"
local native = require "esim.native"
local order = require "esim.order"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

local QUICK = { timeout = 20, first = 0.05, factor = 1, cap = 0.05 }

local function quick(on_status)
  local options = { on_status = on_status }
  for key, value in pairs(QUICK) do options[key] = value end
  return options
end

local function place(product_id)
  return assert(box.client:order(provider.input(product_id)))
end

local function requests()
  return #box.log().requests
end

-- An order whose provider answers with these bodies, one by one, and then with the last.
local function scripted(bodies, fields)
  local looks = 0
  local all = { id = "o-1", correlation_id = "c-1", created = os.time(), status = "ACCEPTED" }
  for key, value in pairs(fields or {}) do all[key] = value end
  return order.new({
    secrets = function() return { "TOKEN" } end,
    headers = function() return {} end,
    api = api.new {},
    exchange = function()
      looks = looks + 1
      local body = bodies[math.min(looks, #bodies)]
      body = type(body) == "function" and body() or body
      return nil, { http = 200, body = type(body) == "table" and json.encode(body) or body }
    end,
  }, all)
end

local OUTPUT = { matchingId = "AB-CDEFG", smdpUrl = "rsp.example.com", lpa_url = "LPA:1$rsp.example.com$AB-CDEFG" }

describe("a saved order", function()
  local TEXTS = { "a%b", "%41", "a=b", "id=1", "end", "a&b?c#d/e", "\195\169", ("x"):rep(120), "+", "~._-", "1" }

  for i, text in ipairs(TEXTS) do
    it(i .. " comes back as it was, in one line", function()
      local spaced = text .. " and " .. text
      local line = scripted({}, { id = text, correlation_id = spaced, status = spaced, created = 1700000000 }):save()
      assert.is_nil(line:find("[^ -~]"))
      local again = assert(box.client:resume(line))
      assert.same({ text, spaced, spaced }, { again.id, again.correlation_id, again.status })
      assert.equal(line, again:save())
      assert.equal(line, assert(box.client:resume(line .. "\n")):save())
    end)
  end

  it("asks for its id as it is", function()
    for _, id in ipairs { "a%b=c d", "x/y?z#" } do
      local old = assert(box.client:resume("esim-order 1 id=" .. id:gsub("[ %%]", { [" "] = "-", ["%"] = "%25" })
        .. " created=1 end"))
      assert.equal("refused", select(2, old:poll()).kind)
      local log = box.log().requests
      assert.equal("/v1/order/" .. old.id, log[#log].path)
    end
  end)

  it("is resumed without a request, and without its outcome", function()
    local placed = place("sandbox:slow=0")
    assert(placed:wait(quick()))
    local before = requests()
    local again = assert(box.client:resume(placed:save()))
    assert.is_nil(again.status)
    assert.equal(before, requests())
    assert.truthy(assert(again:wait(quick())):code())
    assert.same({ "COMPLETED" }, { again.history[1].status })
  end)

  it("by a machine whose clock was not set is waited for like any other", function()
    local id = place("sandbox:slow=0").id
    assert(assert(box.client:resume("esim-order 1 id=" .. id .. " created=0 end")):wait(quick()))
  end)

  it("is refused where it was cut short, wherever that was", function()
    local line = place("sandbox:slow=30"):save()
    for size = 1, #line - 1 do
      local again, e = box.client:resume(line:sub(1, size))
      assert.is_nil(again, line:sub(1, size))
      assert.equal("invalid", e.kind)
      assert.truthy(tostring(e):find("cut short", 1, true), tostring(e))
    end
  end)

  it("is refused when a later version wrote it, and says so", function()
    for _, line in ipairs { "esim-order 2 id=a created=1 end", "esim-order 10 {}", "esim-order 2" } do
      assert.truthy(tostring(select(2, box.client:resume(line))):find("later version", 1, true))
    end
  end)

  for _, line in ipairs { "", " ", "a b", "a\nb", "esim-order 1 end", "esim-order 1 id= created=1 end",
    "esim-order 1 id=a end", "esim-order 1 created=1 end", "esim-order 1 id=a created=nan end",
    "esim-order 1 id=a created=-1 end", "esim-order 1 id=a created=1e9 end", "esim-order 1 id=a created=1.5 end",
    "esim-order 1 id=a created=9999999999999999999 end", "esim-order 1 id=a%20b created=1 end",
    "esim-order 1 id=a%0D%0Ab created=1 end", "esim-order 1 id=a created=1 correlation_id=a%0D%0Ab end",
    "esim-order 1 id=a created=1 correlation_id= end" } do
    it(("is refused when it is %q"):format(line), function()
      local again, e = box.client:resume(line)
      assert.is_nil(again)
      assert.equal("invalid", e.kind)
    end)
  end

  it("says nothing of what is not its own", function()
    local again = assert(box.client:resume "esim-order 1 id=a created=1 warnings=x history=y end")
    assert.same({}, again.warnings)
    assert.same({}, again.history)
  end)
end)

describe("a look", function()
  it("tells the status, and writes the history", function()
    local one = scripted {
      { id = "o-1", status = "ACCEPTED" }, { id = "o-1", status = "FULFILING" }, { id = "o-1", status = "FULFILLING" },
      { id = "o-1" }, { id = "o-1", status = "FUL FILLED\n" }, { id = "o-1", status = "COMPLETED", output = OUTPUT },
    }
    for _, word in ipairs { "ACCEPTED", "FULFILING", "FULFILLING", "FULFILLING", "FUL FILLED\n", "COMPLETED",
      "COMPLETED" } do
      assert.equal(word, assert(one:poll()))
      assert.is_nil(tostring(one):find("%c"))
    end
    local words = {}
    for i, entry in ipairs(one.history) do
      words[i] = entry.status
      assert.is_true(math.abs(os.time() - entry.at) <= 5)
    end
    assert.same({ "ACCEPTED", "FULFILING", "FULFILLING", "FUL FILLED\n", "COMPLETED" }, words)
    assert.truthy(one:wait { timeout = 1 }:code())
  end)

  it("leaves a history that was handed out, and another order's, as they are", function()
    local orders = {}
    for i = 1, 2 do
      orders[i] = scripted {
        { id = "o-1", status = "FULFILLING" }, { id = "o-1", status = "COMPLETED", output = OUTPUT },
      }
      assert(orders[i]:poll())
    end
    local handed = orders[1].history
    local entries = { handed[1], handed[2] }
    assert(orders[1]:poll())
    assert.same(entries, handed)
    assert.same({ "FULFILLING", "COMPLETED" }, { orders[1].history[2].status, orders[1].history[3].status })
    assert.equal(entries[2], orders[1].history[2])
    assert.same({ 3, 2 }, { #orders[1].history, #orders[2].history })
  end)

  it("at an id that nobody knows is an error, not nothing", function()
    local status, e = assert(box.client:resume(native.uuid())):poll()
    assert.is_nil(status)
    assert.equal("refused", e.kind)
    assert.equal("ORDER_NOT_FOUND", e.type)
  end)

  it("that finds COMPLETED without an output says so, and the next one looks again", function()
    local one = scripted {
      { id = "o-1", status = "COMPLETED" }, { id = "o-1", status = "COMPLETED", output = OUTPUT },
    }
    local status, e = one:poll()
    assert.is_nil(status)
    assert.same({ "answer", "o-1", "c-1" }, { e.kind, e.order_id, e.correlation_id })
    assert.equal("COMPLETED", assert(one:poll()))
    assert.truthy(one:wait { timeout = 1 }:code())
  end)

  it("that finds a secret for a status does not tell it", function()
    local one = scripted { { id = "o-1", status = "TOKEN and LPA:1$rsp.example.com$AB-CDEFG" } }
    assert.equal("[redacted] and [redacted]", assert(one:poll()))
    assert.equal("[redacted] and [redacted]", one.history[2].status)
    assert.is_nil((tostring(one) .. one:save()):find("TOKEN", 1, true))
  end)

  it("that comes late does not undo what is final", function()
    local one
    one = scripted {
      function()
        assert.equal("COMPLETED", one:poll())
        return { id = "o-1", status = "FULFILLING" }
      end,
      { id = "o-1", status = "COMPLETED", output = OUTPUT },
    }
    assert.equal("COMPLETED", one:poll())
    assert.equal("COMPLETED", one.status)
    assert.equal(2, #one.history)
  end)

  it("that finds FAILED keeps all that was said, without the secrets", function()
    local one = scripted { {
      id = "o-1", status = "FAILED", reason = "profile AB-CDEFG of TOKEN is gone", output = OUTPUT,
      n = { 1, { x = true } },
    } }
    assert.equal("FAILED", one:poll())
    local profile, e = one:wait { timeout = 1 }
    assert.is_nil(profile)
    assert.same({ "failed", "o-1", "c-1" }, { e.kind, e.order_id, e.correlation_id })
    assert.equal("FAILED", e.history[2].status)
    assert.same({
      id = "o-1", status = "FAILED", reason = "profile [redacted] of [redacted] is gone", n = { 1, { x = true } },
      output = { matchingId = "[redacted]", smdpUrl = "rsp.example.com", lpa_url = "[redacted]" },
    }, e.raw)
    assert.equal(e, select(2, one:wait { timeout = 1 }))
  end)
end)

-- Many orders waited for at once, without a coroutine for each.

local esim = require "esim"
local loop = require "esim.loop"
local protect = require "esim.protect"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

local QUICK = { timeout = 20, first = 0.05, factor = 1, jitter = 0 }

local function place(product, client)
  return assert((client or box.client):order(provider.input(product)))
end

local function place_many(count, product)
  local list = {}
  for i = 1, count do list[i] = place(product) end
  return list
end

-- What came of each order, by its id.
local function collect(orders, options)
  local got, count = {}, 0
  for one, profile, e in esim.each(box.client, orders, options or QUICK) do
    count = count + 1
    got[type(one) == "string" and one or one.id] = profile or e
  end
  return got, count
end

local function in_flight()
  collectgarbage()
  collectgarbage()
  loop.pump()
  return loop.count()
end

-- Run `f`, and see that it leaves nothing in flight.
local function quiet(f)
  local before = in_flight()
  f()
  assert.equal(before, in_flight())
end

describe("each of many orders", function()
  it("comes once, with its own profile", function()
    local orders = place_many(50)
    quiet(function()
      local got, count = collect(orders)
      assert.equal(50, count)
      for _, order in ipairs(orders) do
        assert.equal(got[order.id], assert(order:wait(QUICK)))
        assert.equal(got[order.id].matching_id, assert(order:wait(QUICK)).matching_id)
      end
    end)
  end)

  it("comes when it has ended, whatever stands before it", function()
    local slow, fast = place "sandbox:slow=1", place()
    local ids = {}
    for one, profile in esim.each(box.client, { slow, fast }, QUICK) do
      assert.truthy(profile)
      ids[#ids + 1] = one.id
    end
    assert.same({ fast.id, slow.id }, ids)
  end)

  it("may be a saved line, an id, an order that is final, or all of these from a function", function()
    local orders = place_many(4)
    assert(orders[4]:wait(QUICK))
    local list = { orders[1]:save(), orders[2].id, orders[3], orders[4] }
    local i = 0
    local got, count = collect(function()
      i = i + 1
      return list[i]
    end)
    assert.equal(4, count)
    for _, order in ipairs(orders) do assert.truthy(got[order.id].matching_id) end
  end)

  it("may be the same one twice", function()
    local order = place()
    local _, count = collect { order, order }
    assert.equal(2, count)
  end)

  it("comes with an error where it failed, is not known, or names none", function()
    local failed = place "sandbox:failed"
    local later, stranger = "esim-order 2 id=x created=1 end", "esim-order 1 id=nobody created=1 end"
    local got = collect({ failed, later, stranger }, { timeout = 5, first = 0.05 })
    assert.same({ "failed", "invalid", "refused" }, { got[failed.id].kind, got[later].kind, got.nobody.kind })
  end)

  it("comes with `timeout` at the deadline, and can be waited for again", function()
    local slow = place "sandbox:slow=2"
    local got = collect({ slow, place() }, { timeout = 0.5, first = 0.1, factor = 1 })
    assert.equal("timeout", got[slow.id].kind)
    assert.truthy(collect({ slow })[slow.id].matching_id)
  end)

  it("is none of none", function()
    assert.equal(0, select(2, collect {}))
  end)

  it("is told as a status of its own", function()
    local told = {}
    local order = place()
    collect({ order }, {
      timeout = 20, first = 0.02, factor = 1,
      on_status = function(one, status)
        assert.equal(order, one)
        told[#told + 1] = status
      end,
    })
    assert.equal("COMPLETED", told[#told])
  end)

  it("goes on after an on_status that raised", function()
    local raised = false
    local function on_status()
      if not raised then
        raised = true
        error("once", 0)
      end
    end
    local order, options = place(), { timeout = 20, first = 0.02, factor = 1, on_status = on_status }
    local each = esim.each(box.client, { order }, options)
    local ok, reason = protect.call(each)
    while ok and not raised do ok, reason = protect.call(each) end
    assert.same({ false, "once" }, { ok, reason })
    if protect.may_iterate() then  -- else it is at its end, and nothing is left in flight
      assert.truthy(select(2, each()).matching_id)
    end
    assert.is_nil((each()))
  end)

  it("survives the end of its token", function()
    local calls = 0
    local client = assert(esim.client { url = box.url, token = function()
      calls = calls + 1
      return box.token, calls == 1 and 0.5 or 300
    end })
    local orders = {}
    for i = 1, 20 do orders[i] = place("sandbox:slow=1", client) end
    local count = 0
    for _, profile, e in esim.each(client, orders, QUICK) do
      assert.truthy(profile, e)
      count = count + 1
    end
    assert.equal(20, count)
    assert.is_true(calls > 1)
  end)

  it("comes with the token's error where there is none", function()
    local client = assert(esim.client { url = box.url, token = function() return nil, "there is none" end })
    local count = 0
    for one, profile, e in esim.each(client, { place().id, place().id }, { timeout = 0.2 }) do
      assert.is_nil(profile)
      assert.equal(one.id, e.order_id)
      count = count + 1
    end
    assert.equal(2, count)
  end)

  it("is told to the log as any wait", function()
    local entries = {}
    local client = assert(esim.client { url = box.url, token = box.token, log = function(entry)
      if entry.what == "wait" then entries[#entries + 1] = entry.state .. " " .. tostring(entry.outcome) end
    end })
    for _ in esim.each(client, { place(nil, client), place("sandbox:failed", client) }, QUICK) do end
    table.sort(entries)
    assert.same({ "begun nil", "begun nil", "ended completed", "ended failed" }, entries)
  end)
end)

describe("a loop over many orders", function()
  it("that is closed leaves nothing in flight, and the orders alive", function()
    local orders = place_many(5, "sandbox:slow=1")
    quiet(function()
      local each = esim.each(box.client, orders, QUICK)
      assert.truthy(each())
      each:close()
      assert.is_nil((each()))
      each:close()
    end)
    assert.truthy(orders[5]:wait(QUICK))
  end)

  if _VERSION == "Lua 5.4" then
    it("that is broken off leaves nothing in flight", function()
      local orders = place_many(5, "sandbox:slow=1")
      quiet(function()
        for one in esim.each(box.client, orders, QUICK) do
          if one then break end
        end
      end)
    end)
  end

  it("that nobody goes on with leaves nothing in flight", function()
    local orders = place_many(5, "sandbox:slow=1")
    quiet(function() esim.each(box.client, orders, QUICK)() end)
  end)

  it("runs beside others", function()
    local ticks, count = 0, 0
    esim.run(function()
      local orders = place_many(5, "sandbox:slow=0.5")
      esim.spawn(function()
        while count < 5 do
          esim.sleep(0.02)
          ticks = ticks + 1
        end
      end)
      for _, profile in esim.each(box.client, orders, QUICK) do
        assert.truthy(profile)
        count = count + 1
      end
    end)
    assert.equal(5, count)
    assert.is_true(ticks > 3)
  end)

  local WRONG = {
    { "client", { 1, {}, QUICK } }, { "client", { {}, {}, QUICK } }, { "list", { "C", "x", QUICK } },
    { "timeout", { "C", {}, {} } }, { "timeout", { "C", {} } }, { "price", { "C", {}, { timeout = 1, price = 0 } } },
  }
  for i, case in ipairs(WRONG) do
    it(i .. " that is misused raises at the caller's line, and names " .. case[1], function()
      local client, orders, options = case[2][1], case[2][2], case[2][3]
      local ok, reason = pcall(function()
        local each = esim.each(client == "C" and box.client or client, orders, options)
        return each
      end)
      assert.is_false(ok)
      assert.truthy(reason:find("each_spec.lua", 1, true), reason)
      assert.truthy(reason:find(case[1], 1, true), reason)
    end)
  end

  it("over what is no order raises", function()
    local ok, reason = protect.call(function()
      for _ in esim.each(box.client, { 7 }, QUICK) do end
    end)
    assert.is_false(ok)
    assert.truthy(reason:find("each_spec.lua", 1, true), reason)
    assert.truthy(reason:find("number", 1, true), reason)
  end)
end)

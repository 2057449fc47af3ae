-- What tasks have done for them on other stacks: an order's wait looks to its caller as if he had done it himself.

local esim = require "esim"
local hands = require "esim.loop.hands"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.05 } end)
teardown(function() assert(box.stop()) end)

local function place(product_id, client)
  return assert((client or box.client):order(provider.input(product_id)))
end

local function quick(on_status)
  return { timeout = 60, first = 0.02, factor = 1, cap = 0.02, on_status = on_status }
end

describe("a wait in a task", function()
  it("raises misuse at the caller's line", function()
    local placed = place "sandbox:slow=60"
    for _, options in ipairs { {}, { timeout = -1 }, { timeout = 1, x = 1 }, { timeout = 1, price = 1, cap = 1 } } do
      local ok, reason = pcall(esim.run, function()
        placed:wait(options)
      end)
      assert.is_false(ok)
      assert.truthy(reason:find("^[^\n]*hands_spec%.lua:%d+: order:wait: "), reason)
    end
  end)

  it("for what is completed gives the profile at once", function()
    local placed = place "sandbox:slow=0"
    local profile = assert(placed:wait(quick()))
    assert.equal(profile, esim.run(function() return placed:wait { timeout = 0 } end))
  end)

  it("lets on_status wait, while others go on", function()
    local others = 0
    esim.run(function()
      local waits = {}
      for i = 1, 20 do
        waits[i] = esim.spawn(function()
          return assert(place("sandbox:slow=0"):wait(quick(function() esim.sleep(0.2) end)))
        end)
      end
      esim.spawn(function()
        for _ = 1, 5 do
          esim.sleep(0.01)
          others = others + 1
        end
      end)
      for i = 1, 20 do assert.is_string(waits[i]:join().iccid) end
    end)
    assert.equal(5, others)
  end)

  it("lets on_status use tasks of its own, and wait for other orders", function()
    local inner = {}
    esim.run(function()
      place("sandbox:slow=0"):wait(quick(function()
        inner[1] = esim.spawn(function() return "spawned" end):join()
        inner[2] = esim.run(function() return "run" end)
        inner[3] = coroutine.wrap(function() return esim.run(function() return "nested" end) end)()
        inner[4] = place("sandbox:slow=0"):wait(quick()) ~= nil
      end))
    end)
    assert.same({ "spawned", "run", "nested", true }, inner)
  end)

  it("raises what on_status raises, and is ended", function()
    local placed, reason = place "sandbox:slow=0", {}
    local ok, got = esim.run(function()
      local fine, raised = require("esim.protect").call(placed.wait, placed, quick(function() error(reason) end))
      esim.sleep(0.1)
      return fine, raised
    end)
    assert.is_false(ok)
    assert.equal(reason, got)
    assert.is_table(placed:wait(quick()))
  end)

  it("ends where on_status cancels it", function()
    local _, e = esim.run(function()
      local resumed = assert(box.client:resume(place("sandbox:slow=60").id))
      return resumed:wait(quick(function() resumed:cancel() end))
    end)
    assert.equal("cancelled", e.kind)
  end)

  it("waits for a token function that waits", function()
    local asked = 0
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      esim.sleep(0.05)
      return box.token, 3600
    end })
    local ids = {}
    for i = 1, 5 do ids[i] = place("sandbox:slow=0").id end
    esim.run(function()
      for i = 1, 5 do
        esim.spawn(function() assert(assert(client:resume(ids[i])):wait(quick())) end)
      end
    end)
    assert.equal(1, asked)
  end)

  it("is told to the log, begun once and ended once, also where it raises", function()
    local heard = {}
    local client = assert(esim.client { url = box.url, token = box.token, log = function(entry)
      if entry.what == "wait" then heard[#heard + 1] = entry.state .. " " .. (entry.outcome or "") end
    end })
    esim.run(function()
      assert(place("sandbox:slow=0", client):wait(quick()))
      require("esim.protect").call(function() place("sandbox:slow=0", client):wait(quick(function() error "x" end)) end)
    end)
    assert.same({ "begun ", "ended completed", "begun ", "ended raised" }, heard)
  end)

  it("goes on where somebody else resumes its coroutine", function()
    local profile = esim.run(function()
      local thread
      local waiting = esim.spawn(function()
        thread = coroutine.running()
        return place("sandbox:slow=0.3"):wait(quick())
      end)
      esim.sleep(0.2)
      assert(coroutine.resume(thread))
      return waiting:join()
    end)
    assert.is_string(profile.iccid)
  end)

  if _VERSION == "Lua 5.4" then
    it("leaves its coroutine as small as Lua makes one", function()
      local COUNT, MOST = 1000, 2400  -- bytes each, of Lua's, order and strings and all
      local lua = esim.run(function()
        local orders = {}
        collectgarbage()
        collectgarbage()
        local before = collectgarbage "count"
        for i = 1, COUNT do
          orders[i] = assert(box.client:resume(("%08d-0000-4000-8000-000000000000"):format(i)))
          esim.spawn(function(order) order:wait { timeout = 3600, first = 3600, cap = 3600 } end, orders[i])
        end
        esim.sleep(0.1)
        collectgarbage()
        collectgarbage()
        local after = collectgarbage "count"
        for i = 1, COUNT do orders[i]:cancel() end
        return (after - before) * 1024 / COUNT
      end)
      assert.is_true(lua < MOST, tostring(lua))
    end)
  end
end)

describe("a hand", function()
  it("is kept for the next step, but not each of many", function()
    local thread, taken = coroutine.create(function() end), {}
    for i = 1, 100 do
      taken[i] = hands.take(thread)
      local ok, first = coroutine.resume(taken[i], function() return nil, true end)
      assert.is_true(ok and first ~= nil)
      taken[taken[i]] = first
    end
    local kept = 0
    for i = 1, 100 do assert.is_true(hands.is_done(taken[i], taken[taken[i]])) end
    for _ = 1, 100 do
      if taken[hands.take(thread)] then kept = kept + 1 end
    end
    assert.equal(16, kept)
  end)
end)

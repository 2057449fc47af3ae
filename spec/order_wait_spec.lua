-- order:wait: its options, what it tells, several at once, and how it is ended.

local esim = require "esim"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

local function quick(on_status)
  return { timeout = 60, first = 0.05, factor = 1, cap = 0.05, on_status = on_status }
end

local function place(product_id, client)
  return assert((client or box.client):order(provider.input(product_id)))
end

local function requests()
  return #box.log().requests
end

local function words_of(placed)
  local words = {}
  for i, entry in ipairs(placed.history) do words[i] = entry.status end
  return words
end

-- Whether the order was completed before anybody looked at it on its way.
local function skipped(placed, heard)
  return #words_of(placed) == 2 and #heard == 1
end

describe("a wait's options", function()
  local placed
  setup(function() placed = assert(box.client:resume "any") end)

  local WRONG = {
    { "timeout", nil }, { "timeout", {} }, { "timeout", { timeout = "1" } }, { "timeout", { timeout = -1 } },
    { "timeout", { timeout = 0 / 0 } }, { "timeout", { timeout = math.huge } },
    { "price", { timeout = 1, price = 0 } }, { "price", { timeout = 1, price = true } },
    { "first", { timeout = 1, first = 0 } }, { "factor", { timeout = 1, factor = 0.5 } },
    { "cap", { timeout = 1, cap = -1 } }, { "jitter", { timeout = 1, jitter = 1.5 } },
    { "jitter", { timeout = 1, jitter = -0.1 } }, { "exclude", { timeout = 1, price = 1, first = 1 } },
    { "exclude", { timeout = 1, price = 1, jitter = 0 } }, { "on_status", { timeout = 1, on_status = "print" } },
    { "interval", { timeout = 1, interval = 1 } }, { "1", { timeout = 1, "x" } },
  }
  for i, case in ipairs(WRONG) do
    it(i .. " raise at the caller's line and name " .. case[1], function()
      local ok, reason = pcall(function()
        placed:wait(case[2])
      end)
      assert.is_false(ok)
      assert.truthy(reason:find("order_wait_spec.lua", 1, true), reason)
      assert.truthy(reason:find(case[1], 1, true), reason)
    end)
  end

  it("may say no time at all: then one look is what there is", function()
    local before = requests()
    local _, e = place("sandbox:slow=30"):wait { timeout = 0 }
    assert.equal("timeout", e.kind)
    assert.equal(before + 2, requests())
  end)
end)

describe("a wait", function()
  for directive, word in pairs { slow = "FULFILLING", ["fulfiling,slow"] = "FULFILING" } do
    it("tells each status once, in order, with " .. word, function()
      provider.slowly(function(factor)
        local placed, heard = place("sandbox:" .. directive .. "=" .. factor), {}
        assert(placed:wait(quick(function(which, status)
          assert.equal(placed, which)
          heard[#heard + 1] = status
        end)))
        if skipped(placed, heard) then return false end
        assert.same({ word, "COMPLETED" }, heard)
        assert.same({ "ACCEPTED", word, "COMPLETED" }, words_of(placed))
        return true
      end)
    end)
  end

  it("for what is completed gives the same profile, and asks nobody", function()
    local placed = place("sandbox:slow=0")
    local profile = assert(placed:wait(quick()))
    local before = requests()
    assert.equal(profile, placed:wait { timeout = 0 })
    assert.equal("COMPLETED", placed:poll())
    assert.equal(before, requests())
  end)

  it("that reached its deadline tells what was seen, and goes on when asked again", function()
    provider.slowly(function(factor)
      local placed = place("sandbox:slow=" .. factor)
      local profile, e = placed:wait { timeout = 0.1, first = 0.05 }
      if profile then return false end
      assert.same({ "timeout", placed.id, placed.correlation_id }, { e.kind, e.order_id, e.correlation_id })
      assert.equal("ACCEPTED", e.history[1].status)
      assert.truthy(placed:wait(quick()))
      return true
    end)
  end)

  it("beside another one for the same order: both hear everything and get the same profile", function()
    provider.slowly(function(factor)
      local placed, heard = place("sandbox:slow=" .. factor), { {}, {} }
      local profiles = esim.run(function()
        local jobs = {}
        for i = 1, 2 do
          jobs[i] = function()
            return assert(placed:wait(quick(function(_, status) table.insert(heard[i], status) end)))
          end
        end
        return esim.all(jobs)
      end)
      assert.equal(profiles[1], profiles[2])
      if skipped(placed, heard[1]) and skipped(placed, heard[2]) then return false end
      assert.same({ { "FULFILLING", "COMPLETED" }, { "FULFILLING", "COMPLETED" } }, heard)
      assert.same({ "ACCEPTED", "FULFILLING", "COMPLETED" }, words_of(placed))
      return true
    end)
  end)

  it("hears what a look of somebody else found", function()
    provider.slowly(function(factor)
      local placed, heard, found = place("sandbox:slow=" .. factor), {}, nil
      esim.run(function()
        local waiting = esim.spawn(function()
          local function hear(_, status) heard[#heard + 1] = status end
          return placed:wait { timeout = 60, first = 1.2 * factor, on_status = hear }
        end)
        repeat
          esim.sleep(0.02)
          found = assert(placed:poll())
        until found ~= "ACCEPTED"
        assert(waiting:join())
      end)
      if found == "COMPLETED" then return false end
      assert.same({ "FULFILLING", "COMPLETED" }, heard)
      return true
    end)
  end)
end)

describe("a cancelled wait", function()
  local function is_cancelled(placed, profile, e)
    assert.is_nil(profile)
    assert.same({ "cancelled", placed.id, placed.correlation_id }, { e.kind, e.order_id, e.correlation_id })
  end

  it("ends, and so does every other for the order; a new one brings the profile", function()
    local placed = place("sandbox:slow=0.5")
    esim.run(function()
      local waits = {}
      for i = 1, 3 do
        waits[i] = esim.spawn(function() return placed:wait { timeout = 120, first = 60, cap = 60 } end)
      end
      esim.sleep(0)
      placed:cancel()
      for i = 1, 3 do is_cancelled(placed, waits[i]:join()) end
      assert.truthy(placed:wait(quick()))
    end)
  end)

  it("may be the one that says so, in on_status", function()
    provider.slowly(function(factor)
      local placed, heard = place("sandbox:slow=" .. factor), {}
      local profile, e = placed:wait(quick(function(_, status)
        heard[#heard + 1] = status
        placed:cancel()
      end))
      if profile then return false end
      is_cancelled(placed, profile, e)
      assert.same({ "FULFILLING" }, heard)
      assert.truthy(placed:wait(quick()))
      return true
    end)
  end)

  it("may be waiting for a token", function()
    local placed, fetching
    local suspends = _VERSION ~= "Lua 5.1" or rawget(_G, "jit")  -- README.md, "Limits"
    local client = assert(esim.client { url = box.url, token = function()
      while fetching and suspends do esim.sleep(0.01) end
      return box.token, 0
    end })
    placed = place("sandbox:slow=0", client)
    esim.run(function()
      fetching = true
      local waiting = esim.spawn(function() return placed:wait(quick()) end)
      esim.sleep(0)
      placed:cancel()
      fetching = false
      is_cancelled(placed, waiting:join())
    end)
    assert.truthy(placed:wait(quick()))
  end)

  it("need not be there", function()
    local placed = place("sandbox:slow=0")
    placed:cancel()
    assert.truthy(placed:wait(quick()))
    placed:cancel()
    assert.truthy(placed:wait(quick()))
  end)
end)

describe("a token that cannot be had", function()
  it("ends a wait and a look with an error about the order", function()
    local broken
    local client = assert(esim.client { url = box.url, token = function()
      if broken then return nil end
      return box.token, 0
    end })
    local placed = place("sandbox:slow=0", client)
    broken = true
    for _, e in ipairs { select(2, placed:poll()) or false, select(2, placed:wait(quick())) or false } do
      assert.same({ "unauthorised", placed.id, placed.correlation_id }, { e.kind, e.order_id, e.correlation_id })
    end
    broken = false
    assert.truthy(placed:wait(quick()))
  end)
end)

-- Of so many not all stand in line for it: see CROWD in lua/esim/auth.lua.
describe("a token that 1,500 tasks wait for", function()
  local MANY = 1500

  -- What became of them, by kind of error or "completed", and how often the token was asked for.
  local function wait_all(give)
    local ended, asked, placed = {}, 0, place("sandbox:slow=0")
    assert(placed:wait(quick()))
    local client = assert(esim.client { url = box.url, connections = 4, token = function()
      asked = asked + 1
      esim.sleep(0.5)
      return give()
    end })
    esim.run(function()
      for _ = 1, MANY do
        esim.spawn(function()
          local profile, e = assert(client:resume(placed.id)):wait(quick())
          local word = profile and "completed" or e.kind
          ended[word] = (ended[word] or 0) + 1
        end)
      end
    end)
    return ended, asked
  end

  it("is fetched once, and all go on", function()
    local ended, asked = wait_all(function() return box.token end)
    assert.same({ completed = MANY }, ended)
    assert.equal(1, asked)
  end)

  it("ends all where it cannot be had", function()
    local ended, asked = wait_all(function() return nil end)
    assert.same({ unauthorised = MANY }, ended)
    assert.is_true(asked <= 5, asked)
  end)
end)

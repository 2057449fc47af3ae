-- What holds in every host. This file runs in a plain script, and once more in each loop (spec/loop_*_spec.lua).

local esim = require "esim"
local loop = require "esim.loop"
local protect = require "esim.protect"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

describe("in any host", function()
  it("tasks run side by side, and give their results where they are joined", function()
    local order = {}
    local slow = esim.spawn(function(...)
      esim.sleep(0.2)
      order[#order + 1] = "slow"
      return ...
    end, 1, nil, 3)
    local fast = esim.spawn(function()
      esim.sleep(0.02)
      order[#order + 1] = "fast"
    end)
    local results = { n = select("#", slow:join()), slow:join() }
    fast:join()
    assert.same({ n = 3, 1, nil, 3 }, results)
    assert.same({ "fast", "slow" }, order)
    assert.equal("esim.task: ended", tostring(slow))
  end)

  it("a task begins when the present one waits, if not before", function()
    esim.run(function()
      local begun = 0
      for _ = 1, 3 do esim.spawn(function() begun = begun + 1 end) end
      esim.sleep(0)
      assert.equal(3, begun)
    end)
  end)

  it("a run ends with all that was begun in it", function()
    local ended = 0
    assert.equal("result", esim.run(function()
      for i = 1, 20 do
        esim.spawn(function()
          esim.sleep(0.001 * i)
          ended = ended + 1
        end)
      end
      return "result"
    end))
    assert.equal(20, ended)
    assert.same({ 1, 2 }, esim.all {
      function() esim.sleep(0.02) return 1 end, function() return esim.run(function() return 2 end) end,
    })
  end)

  it("an error ends its own task, and is raised where that is joined", function()
    local other = 0
    local failing = esim.spawn(function()
      esim.sleep(0.01)
      error { "mine" }
    end)
    local going = esim.spawn(function()
      esim.sleep(0.1)
      other = 1
    end)
    local ok, reason = protect.call(failing.join, failing)
    going:join()
    assert.is_false(ok)
    assert.same({ "mine" }, reason)
    assert.equal(1, other)
    ok, reason = protect.call(esim.run, function()
      esim.spawn(function()
        esim.sleep(0.01)
        error("nobody joins", 0)
      end)
    end)
    assert.is_false(ok)
    assert.truthy(reason:find("nobody joins", 1, true))
    assert.truthy(reason:find("traceback", 1, true))
  end)

  it("no task joins itself", function()
    local task
    task = esim.spawn(function()
      esim.sleep(0.01)
      return protect.call(task.join, task)
    end)
    local ok, reason = task:join()
    assert.is_false(ok)
    assert.truthy(reason:find("cannot join itself", 1, true))
  end)

  it("orders are placed and waited for side by side", function()
    local codes = esim.run(function()
      local jobs = {}
      for i = 1, 20 do
        jobs[i] = function()
          local placed = assert(box.client:order(provider.input("sandbox:slow=0.2"), { correlation_id = "side-" .. i }))
          return assert(placed:wait { timeout = 60, first = 0.1 }):code()
        end
      end
      return esim.all(jobs)
    end)
    assert.equal(20, #codes)
    for i = 1, 20 do assert.equal(1, box.log().by_correlation_id["side-" .. i]) end
    assert.equal(0, loop.count())
  end)

  it("one task ends the wait of another", function()
    local profile, e = esim.run(function()
      local placed = assert(box.client:order(provider.input "sandbox:slow=5"))
      local waiting = esim.spawn(function() return placed:wait { timeout = 60, first = 30, cap = 30 } end)
      esim.sleep(0.1)
      placed:cancel()
      return waiting:join()
    end)
    assert.is_nil(profile)
    assert.equal("cancelled", e.kind)
    assert.equal(0, loop.count())
  end)

  it("one fetches the token, and all others wait for it", function()
    local asked = 0
    local client = assert(esim.client { url = box.url, token = function()
      asked = asked + 1
      esim.sleep(0.1)
      return box.token, 300
    end })
    esim.run(function()
      for _ = 1, 5 do esim.spawn(function() assert(client:order(provider.input())) end) end
    end)
    assert.equal(1, asked)
  end)

  it("a hook cannot wait in the middle of another's work", function()
    local said
    local client = assert(esim.client { url = box.url, token = box.token, log = function()
      local ok, reason = pcall(esim.sleep, 0)
      said = said or not ok and reason
    end })
    assert(client:order(provider.input()))
    assert.truthy(said and said:find("must not wait", 1, true), said)
  end)

  it("what is called from C waits too, and holds up the others", function()
    if not coroutine.isyieldable then return end  -- Lua 5.1 does not tell
    local text = ("a-b"):gsub("%a", function(letter)
      esim.sleep(0.01)
      return letter:upper()
    end)
    assert.equal("A-B", text)
  end)
end)

-- Lua 5.1: a scheduler of the user's own that resumed who called its `await`, by coroutine.running(), resumed the
-- coroutine that stands in for a pcall of ours: the wait ended, and its caller never went on.

local esim = require "esim"
local loop = require "esim.loop"
local eventually = require "spec.support.eventually"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

-- A scheduler that resumes each coroutine by name. Its `run` ends with the last of them.
local function scheduler()
  local waiting, alive = {}, 0
  local self = {}
  function self.await(pending, thread)
    if not thread then
      return loop.wait()
    end
    waiting[thread] = pending
    coroutine.yield()
  end
  local function resume(thread)
    assert(coroutine.resume(thread))
    alive = alive - (coroutine.status(thread) == "dead" and 1 or 0)
  end
  function self.go(f)
    alive = alive + 1
    resume(coroutine.create(f))
  end
  local function turn()
    esim.pump()
    for thread, pending in pairs(waiting) do
      if pending:done() then
        waiting[thread] = nil
        resume(thread)
        return alive == 0
      end
    end
  end
  function self.run() assert(eventually(turn), "a coroutine never went on") end
  return self
end

describe("a scheduler that resumes the coroutine it is given", function()
  it("has all of them go on: those that wait for an order, for many, for a request", function()
    local mine, ended = scheduler(), 0
    local orders = { assert(box.client:order(provider.input())), assert(box.client:order(provider.input())) }
    local quick = { timeout = 20, first = 0.05 }
    esim.use { await = mine.await }
    mine.go(function()
      assert(orders[1]:wait(quick))
      ended = ended + 1
    end)
    mine.go(function()
      for _, profile, e in esim.each(box.client, orders, quick) do assert(profile, e) end
      ended = ended + 1
    end)
    mine.go(function()
      assert(box.client:products())
      ended = ended + 1
    end)
    mine.run()
    esim.use(nil)
    assert.equal(3, ended)
  end)
end)

-- Tasks that we run ourselves. What users see of them is in task_spec.lua.

local hands = require "esim.loop.hands"
local loop = require "esim.loop"
local scheduler = require "esim.loop.scheduler"

local NO_MEMORY = "not enough memory"

describe("the scheduler", function()
  local heard

  before_each(function() heard = {} end)

  local function say(word) heard[#heard + 1] = word end

  local function said() return table.concat(heard, " ") end

  it("runs first who came first, and each again when what he waits for is there", function()
    local bells = { loop.pending(), loop.pending() }
    for i = 1, 2 do
      scheduler.spawn(nil, function()
        say("waits" .. i)
        loop.await(bells[i])
        say("woken" .. i)
      end)
    end
    scheduler.spawn(nil, function()
      for i = 2, 1, -1 do loop.settle(bells[i]) end
      say "rang"
    end)
    scheduler.drive()
    assert.equal("waits1 waits2 rang woken2 woken1", said())
  end)

  it("ends with the one that is joined, and goes on with the others later", function()
    local bell = loop.pending()
    scheduler.spawn(nil, function()
      loop.await(bell)
      say "late"
    end)
    local joined = scheduler.spawn({}, function() return "early" end)
    scheduler.drive(joined, true)
    assert.same({ "early" }, joined.results)
    assert.equal("", said())
    loop.settle(bell)
    scheduler.drive()
    assert.equal("late", said())
  end)

  it("says so where all wait for what cannot come, and later tasks do not wait for those", function()
    scheduler.spawn(nil, function() loop.await(loop.pending()) end)
    local ok, reason = pcall(scheduler.drive)
    assert.is_false(ok)
    assert.equal("esim: every task waits for something that cannot come", reason)
    scheduler.spawn(nil, function() say "later" end)
    scheduler.drive()
    assert.equal("later", said())
    assert.is_false(scheduler.is_inside())
  end)

  -- A wait of two steps, each of which a hand does.
  local errand = hands.errand(function()
    local pending = assert(loop.submit("sleep", 0.005))
    pending.task = false
    function pending.step()
      return nil, true, "done"
    end
    return pending
  end, function() error "a task is expected" end, function() return true end)

  local function run_errand()
    local t = scheduler.spawn({}, function()
      local got = errand()
      return got
    end)
    scheduler.drive()
    assert.equal(0, loop.count())
    loop.pump()
    assert.is_true(loop.orphans.first)
    return t
  end

  it("has a task's errand done by hands", function()
    assert.same({ "done" }, run_errand().results)
  end)

  it("does a step once that was woken for twice", function()
    local steps, early = 0, false
    local twice = hands.errand(function()
      local pending = loop.pending()
      pending.task = false
      function pending.step()
        steps, early = steps + 1, early or not pending.ready
        if steps == 2 then return nil, true, "done" end
        pending.ready = false
        scheduler.spawn(nil, function() loop.settle(pending) end)
        return pending
      end
      scheduler.spawn(nil, function()
        loop.settle(pending)
        pending:wake()
      end)
      return pending
    end, function() error "a task is expected" end, function() return true end)
    local t = scheduler.spawn({}, function()
      local got = twice()
      return got
    end)
    scheduler.drive()
    assert.same({ "done" }, t.results)
    assert.equal(2, steps)
    assert.is_false(early)
  end)

  for which = 1, 2 do
    it("raises in a task that there is no hand for: step " .. which, function()
      local take, count = hands.take, 0
      hands.take = function(thread)
        count = count + 1
        if count == which then
          error(NO_MEMORY, 0)
        end
        return take(thread)
      end
      local ok, t = pcall(run_errand)
      hands.take = take
      assert.is_true(ok, t)
      assert.is_false(t.ok)
      assert.equal(NO_MEMORY, t.results[1])
      assert.same({ "done" }, run_errand().results)
    end)
  end

  it("gives a task up that there is no memory to go on with, and its later ones run", function()
    local traceback = debug.traceback
    rawset(debug, "traceback", function() error(NO_MEMORY, 0) end)
    local t = scheduler.spawn({}, function() error "a mistake" end)
    local ok, reason = pcall(scheduler.drive)
    rawset(debug, "traceback", traceback)
    assert.is_false(ok)
    assert.equal(NO_MEMORY, reason)
    assert.is_true(t.ended)
    assert.is_false(scheduler.is_inside())
    assert.same({ "done" }, run_errand().results)
  end)
end)

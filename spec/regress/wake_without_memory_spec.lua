-- In a loop, what had been taken out of the inbox and could not be handed on for want of memory was handed on with the
-- next look, but nobody looked again: the descriptor was readable no more. Nor was who could not be woken ever woken.

local cqueues = require "cqueues"
local esim = require "esim"
local loop = require "esim.loop"
local native = require "esim.native"
local process = require "esim_process"

local PATIENCE = 3  -- seconds until somebody counts as forgotten

local function no_memory()
  error("not enough memory", 0)
end

-- Call `f` with `object[name]` finding no memory the first time that it is called.
local function starve_once(object, name, f)
  local before, starved = object[name], false
  object[name] = function(...)
    if not starved then
      starved = true
      no_memory()
    end
    return before(...)
  end
  f()
  object[name] = before
  return starved
end

-- What waits in cqueues, which would do so for ever where nobody looks.
local function run(f)
  local controller, ended = cqueues.new(), false
  controller:wrap(function()
    f()
    ended = true
  end)
  local deadline = cqueues.monotime() + PATIENCE
  while not ended and cqueues.monotime() < deadline do
    assert(controller:step(PATIENCE))
  end
  return ended
end

describe("a coroutine that waits in a loop goes on", function()
  before_each(function() loop.reset() end)
  after_each(function() esim.use(nil) end)

  it("where there was no memory to hand on what came for it", function()
    local tried = 0
    local Wait = setmetatable({ pass = function()
      tried = tried + 1
      return tried == 1 and no_memory()
    end }, loop.Pending)
    Wait.__index = Wait
    local pending = setmetatable({ kind = "sleep", id = false, ready = false }, Wait)
    assert.is_true(run(function() loop.await(assert(loop.submit("sleep", 0.01, nil, nil, pending))) end))
    assert.equal(1, tried)
    assert.equal(0, loop.count())
  end)

  it("where luv had no memory to wake it", function()
    local uv = require "luv"
    local ended, guard = nil, uv.new_timer()
    guard:start(PATIENCE * 1000, 0, function() uv.stop() end)
    guard:unref()
    assert.is_true(starve_once(uv, "new_timer", function()
      esim.use "luv"
      coroutine.wrap(function()
        esim.sleep(0.01)
        ended = true
      end)()
      uv.run()
    end))
    guard:close()
    uv.run "nowait"  -- luv is not left with a handle that is closing
    assert.is_true(ended)
  end)
end)

describe("the descriptor of an inbox", function()
  local function is_readable(inbox)
    return cqueues.poll({ pollfd = inbox:fd(), events = "r" }, 0) ~= 0
  end

  it("is readable until what was taken is seen to, where that is asked for", function()
    local inbox = native.inbox()
    inbox:sleep(0)
    assert.is_true(inbox:wait(PATIENCE))
    assert.is_number(inbox:take(true))
    assert.is_true(is_readable(inbox))
    assert.is_nil(inbox:take(true))
    assert.is_false(is_readable(inbox))
    inbox:hold(true)
    assert.is_true(is_readable(inbox))
    inbox:hold(false)
    assert.is_false(is_readable(inbox))
    inbox:close()
  end)

  it("is readable in the child of a fork until that was told, and no longer", function()
    local inbox = native.inbox()
    inbox:fd()
    inbox:sleep(60)
    local pid = process.fork()
    if pid == 0 then
      local told = is_readable(inbox) and inbox:take() == false and inbox:take() == nil
      process.exit(told and not is_readable(inbox) and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
    inbox:close()
  end)
end)

-- In luv's loop: what holds in every host, and what is luv's own.

local esim = require "esim"
local eventually = require "spec.support.eventually"
local loop = require "esim.loop"
local loops = require "spec.support.loops"
local provider = require "spec.support.provider"
local uv = require "luv"

local env = _ENV or getfenv(1)  -- luacheck: ignore

describe("in luv", function()
  loops.declare("luv", "spec/client_spec.lua", env, it)
  loops.declare("luv", "spec/host_spec.lua", env, it)
  loops.declare("luv", "spec/order_spec.lua", env, it)
  loops.declare("luv", "spec/each_spec.lua", env, it)
end)

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)
before_each(function() esim.use "luv" end)
after_each(function() esim.use(nil) end)

local function order(correlation_id, product_id)
  return assert(box.client:order(provider.input(product_id), { correlation_id = correlation_id }))
end

describe("luv's loop", function()
  loops.declare_outside("luv", it, function() return box end)

  it("is not recognised without its name", function()
    esim.use(nil)
    local name
    coroutine.wrap(function() name = loop.host().name end)()
    assert.equal("blocking", name)
  end)

  it("runs what was spawned on the main thread, which blocks where it waits itself", function()
    local ended = 0
    local task = esim.spawn(function()
      esim.sleep(0.01)
      ended = ended + 1
      return "result"
    end)
    local ok, reason = pcall(function() task:join() end)
    assert.is_false(ok)
    assert.truthy(reason:find("loop_luv_spec.lua", 1, true) and reason:find("the loop runs that task", 1, true), reason)
    assert.equal(7, esim.run(function() esim.sleep(0.02) return 7 end))
    assert.equal(0, ended)
    uv.run()
    assert.equal(1, ended)
    assert.equal("result", task:join())
  end)

  it("does not run our own tasks, nor what is inside of them", function()
    local slept
    esim.run(function()
      coroutine.wrap(function()
        esim.sleep(0.01)
        slept = true
      end)()
      assert.is_true(slept)
      assert.equal("tasks", loop.host().name)
    end)
    assert.is_false(uv.loop_alive())
  end)

  it("that is stopped with work in flight goes on later, and blocks meanwhile", function()
    local placed
    coroutine.wrap(function()
      placed = order("stopped-1", "sandbox:hang=0.5")
    end)()
    local stop = uv.new_timer()
    stop:start(20, 0, function()
      stop:close()
      uv.stop()
    end)
    uv.run()
    assert.is_nil(placed)
    order("meanwhile-1")
    assert(eventually(function() return loop.count() == 0 end))
    uv.run()
    assert.equal("stopped-1", placed.correlation_id)
    assert.equal(1, box.log().by_correlation_id["stopped-1"])
    assert.is_false(uv.loop_alive())
  end)

  it("whose handles are all closed gives the outcome to those who waited when it is used again", function()
    local placed
    coroutine.wrap(function() placed = order("closed-1", "sandbox:hang=0.3") end)()
    local close = uv.new_timer()
    close:start(20, 0, function()
      uv.walk(function(handle) if not handle:is_closing() then handle:close() end end)
    end)
    uv.run()
    assert.is_nil(placed)
    coroutine.wrap(function() esim.sleep(0.6) end)()
    uv.run()
    assert.equal("closed-1", placed.correlation_id)
  end)

  it("is left without a handle when nobody waits, whoever ended the wait", function()
    local e
    coroutine.wrap(function()
      local placed = order("ended-1", "sandbox:slow=60")
      local timer = uv.new_timer()
      timer:start(50, 0, function()
        timer:close()
        placed:cancel()
      end)
      e = select(2, placed:wait { timeout = 600, first = 600 })
    end)()
    uv.run()
    assert.equal("cancelled", e.kind)
    local handles = 0
    uv.walk(function(handle) handles = handles + (handle:is_closing() and 0 or 1) end)
    assert.equal(0, handles)
  end)

  it("goes on when a coroutine fails, which is told without a secret", function()
    local blocking, said, ended = require "esim.loop.blocking", {}, 0
    local tell = blocking.tell
    blocking.tell = function(line) said[#said + 1] = line end
    coroutine.wrap(function()
      esim.sleep(0.01)
      error("mine, of LPA:1$rsp.example.com$AB-CDEFG", 0)
    end)()
    esim.spawn(function()
      esim.sleep(0.02)
      error "a task's"
    end)
    coroutine.wrap(function()
      order("others-1")
      ended = ended + 1
    end)()
    uv.run()
    blocking.tell = tell
    local all = table.concat(said, "\n")
    assert.equal(2, #said)
    assert.truthy(all:find("mine, of", 1, true) and all:find("a task's", 1, true))
    assert.is_nil(all:find("CDEFG", 1, true))
    assert.equal(1, ended)
  end)

  it("resumes nobody who was resumed by others", function()
    local steps = {}
    local thread = coroutine.create(function()
      esim.sleep(0.05)
      steps[#steps + 1] = "slept"
      coroutine.yield()
      steps[#steps + 1] = "never"
    end)
    coroutine.resume(thread)
    coroutine.resume(thread)  -- it has not slept enough, and sleeps on
    uv.run()
    assert.same({ "slept" }, steps)
  end)
end)

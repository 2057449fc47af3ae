-- In a controller of cqueues: what holds in every host, and what is cqueues' own.

local condition = require "cqueues.condition"
local cqueues = require "cqueues"
local esim = require "esim"
local eventually = require "spec.support.eventually"
local loop = require "esim.loop"
local loops = require "spec.support.loops"
local process = require "esim_process"
local protect = require "esim.protect"
local provider = require "spec.support.provider"

local env = _ENV or getfenv(1)  -- luacheck: ignore

describe("in cqueues", function()
  loops.declare("cqueues", "spec/client_spec.lua", env, it)
  loops.declare("cqueues", "spec/host_spec.lua", env, it)
  loops.declare("cqueues", "spec/order_spec.lua", env, it)
  loops.declare("cqueues", "spec/each_spec.lua", env, it)
end)

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

-- A controller in which an order is under way, and nobody runs it any more.
local function begin_order(correlation_id, client, hold)
  local controller = cqueues.new()
  controller:wrap(function()
    if hold then hold(coroutine.running()) end
    assert((client or box.client):order(provider.input "sandbox:hang=0.5", { correlation_id = correlation_id }))
  end)
  assert(controller:step(0))
  assert(controller:step(0))
  provider.await_order(box, correlation_id)
  return controller
end

describe("a controller", function()
  loops.declare_outside("cqueues", it, function() return box end)

  it("is recognised with each call, and only where it runs the caller itself", function()
    local controller, names = cqueues.new(), {}
    local function name() names[#names + 1] = loop.host().name end
    name()
    controller:wrap(function()
      name()
      coroutine.wrap(name)()
      esim.run(name)
      local inner = cqueues.new()
      inner:wrap(name)
      assert(inner:loop())
      esim.use "blocking"
      name()
      esim.use(nil)
    end)
    assert(controller:loop())
    name()
    assert.same({ "blocking", "cqueues", "blocking", "cqueues", "cqueues", "blocking", "blocking" }, names)
  end)

  it("may be run inside of one of our tasks, and inside of another", function()
    local ended = 0
    local function sleep_in(controller)
      for _ = 1, 3 do
        controller:wrap(function()
          esim.sleep(0.01)
          assert(box.client:order(provider.input()))
          ended = ended + 1
        end)
      end
    end
    esim.run(function()
      local outer, inner = cqueues.new(), cqueues.new()
      sleep_in(outer)
      sleep_in(inner)
      outer:wrap(function() assert(inner:loop()) end)
      assert(outer:loop())
    end)
    assert.equal(6, ended)
    assert.equal(0, loop.count())
  end)

  it("that stops with work in flight goes on later, and others meanwhile", function()
    local first = begin_order "stopped-1"
    loops.run("cqueues", function() assert(box.client:order(provider.input())) end)
    assert(box.client:order(provider.input()))
    assert(eventually(function() return loop.count() == 0 end))  -- the outcome has come, to nobody yet
    assert(first:loop())
    assert.equal(1, box.log().by_correlation_id["stopped-1"])
    assert.is_nil(next(loop.kept()))
  end)

  it("that is closed or collected leaves its orders to the log, and ends its other work", function()
    local told = {}
    local client = assert(esim.client { url = box.url, token = box.token, log = function(entry)
      if entry.abandoned then told[entry.correlation_id] = entry end
    end })
    local held
    begin_order("closed-1", client, function(thread) held = thread end):close()
    begin_order("collected-1", client)
    local waiting = cqueues.new()
    waiting:wrap(function() box.client:resume("an-order"):wait { timeout = 600, first = 600 } end)
    waiting:wrap(function() error(esim.spawn(esim.sleep, 600):join()) end)
    for _ = 1, 4 do assert(waiting:step(0)) end
    assert.equal(4, loop.count())
    waiting = nil  -- luacheck: ignore
    local forgotten = eventually(function()
      collectgarbage()
      loops.run("cqueues", function() assert(box.client:order(provider.input())) end)
      return told["closed-1"] and told["collected-1"] and loop.count() == 0
    end)
    assert.truthy(forgotten)
    assert.equal("accepted", told["closed-1"].outcome)
    assert.equal(36, #told["collected-1"].order_id)
    assert.is_nil(next(loop.kept()))
    assert.equal("suspended", coroutine.status(held))
  end)

  it("tells an error of a coroutine, and the others go on", function()
    local controller, ended = cqueues.new(), 0
    controller:wrap(function()
      esim.spawn(function()
        esim.sleep(0.01)
        error("nobody joins", 0)
      end)
      assert(box.client:order(provider.input()))
      error("mine", 0)
    end)
    controller:wrap(function()
      esim.sleep(0.2)
      assert(box.client:order(provider.input()))
      ended = ended + 1
    end)
    local reasons = {}
    for reason in controller:errors() do reasons[reason] = true end
    assert.truthy(reasons["nobody joins"] and reasons.mine)
    assert.equal(1, ended)
  end)

  it("survives that the descriptor it waited for is another's later", function()
    local controller, turns = cqueues.new(), 0
    controller:wrap(function()
      local placed = assert(box.client:order(provider.input "sandbox:slow=60"))
      local waiting = esim.spawn(function() placed:wait { timeout = 600, first = 600 } end)
      esim.sleep(0.1)
      placed:cancel()  -- so that the descriptor was not readable when it was last waited for
      waiting:join()
    end)
    assert(controller:loop())
    local before, others = loop.fd(), {}
    for i = 1, before do others[i] = assert(io.open "/dev/null") end  -- no number below is free
    loop.inbox():close()
    loop.reset()
    assert.equal(before, loop.fd())
    for _, other in ipairs(others) do other:close() end
    controller:wrap(function()
      for _ = 1, 3 do
        assert(box.client:order(provider.input()))
        turns = turns + 1
      end
    end)
    assert(controller:loop())
    assert.equal(3, turns)
  end)

  it("is used in the child of a fork, a new one at once, the one that runs once it was reset", function()
    local function order_in_child(prepare)
      local pid = process.fork()
      if pid == 0 then
        prepare()
        local ok = protect.call(function()
          esim.run(function()
            assert(box.client:order(provider.input()))
            esim.sleep(0.01)
          end)
        end)
        process.exit(ok and 0 or 1)
      end
      return process.wait(pid)
    end
    loops.run("cqueues", function() assert(box.client:order(provider.input())) end)
    local pid = process.fork()
    if pid == 0 then
      process.exit(pcall(loops.run, "cqueues", function() assert(box.client:order(provider.input())) end) and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
    loops.run("cqueues", function()
      local mine = esim.spawn(function() return box.client:order(provider.input "sandbox:hang=0.3") end)
      esim.sleep(0.1)
      assert.equal(0, order_in_child(function() cqueues.running():reset() end))
      assert.truthy(mine:join())
    end)
  end)

  it("is said to hold its tasks where they are joined outside of it", function()
    local controller, task = cqueues.new(), nil
    controller:wrap(function() task = esim.spawn(esim.sleep, 0.05) end)
    assert(controller:step(0))
    local ok, reason = pcall(function() task:join() end)
    assert.is_false(ok)
    assert.truthy(reason:find("loop_cqueues_spec.lua", 1, true), reason)
    assert.truthy(reason:find("the loop runs that task", 1, true), reason)
    assert(controller:loop())
    assert.is_nil(task:join())
  end)

  it("ends when nobody waits any more, whoever ended the wait", function()
    local controller, bell = cqueues.new(), condition.new()
    controller:wrap(function()
      local placed = assert(box.client:order(provider.input "sandbox:slow=60"))
      controller:wrap(function()
        bell:wait()
        placed:cancel()
      end)
      esim.spawn(function()
        esim.sleep(0.1)
        bell:signal()
      end)
      assert.equal("cancelled", select(2, placed:wait { timeout = 600, first = 600 }).kind)
    end)
    assert(controller:loop())
    assert.equal(0, loop.count())
  end)
end)

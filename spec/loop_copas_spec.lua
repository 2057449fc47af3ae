-- In copas: what holds in every host, and what is copas' own.
-- Only under LuaJIT: Debian's copas is for 5.1, and its LuaSocket's functions that wait need a pcall that can.

local copas = require "copas"
local esim = require "esim"
local eventually = require "spec.support.eventually"
local loop = require "esim.loop"
local loops = require "spec.support.loops"
local provider = require "spec.support.provider"
local socket = require "socket"

local env = _ENV or getfenv(1)  -- luacheck: ignore

describe("in copas", function()
  loops.declare("copas", "spec/client_spec.lua", env, it)
  loops.declare("copas", "spec/host_spec.lua", env, it)
  loops.declare("copas", "spec/order_spec.lua", env, it)
  loops.declare("copas", "spec/each_spec.lua", env, it)
end)

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)
before_each(function() esim.use "copas" end)
after_each(function() esim.use(nil) end)

local function order(correlation_id, product_id)
  return assert(box.client:order(provider.input(product_id), { correlation_id = correlation_id }))
end

local function step_until(condition)
  assert(eventually(function()
    copas.step(0.02)
    return condition()
  end))
end

describe("copas", function()
  loops.declare_outside("copas", it, function() return box end)

  it("runs what was spawned on the main thread, which blocks where it waits itself", function()
    local ended
    local task = esim.spawn(function()
      esim.sleep(0.01)
      ended = true
      return "result"
    end)
    local ok, reason = pcall(function() task:join() end)
    assert.is_false(ok)
    assert.truthy(reason:find("loop_copas_spec.lua", 1, true), reason)
    assert.truthy(reason:find("the loop runs that task", 1, true), reason)
    assert.equal(7, esim.run(function() esim.sleep(0.02) return 7 end))
    assert.is_nil(ended)
    step_until(function() return ended end)
    assert.equal("result", task:join())
  end)

  it("that rests with work in flight goes on later", function()
    local placed
    copas.addthread(function() placed = order("rests-1", "sandbox:hang=0.3") end)
    copas.step(0)
    order("meanwhile-1")
    assert(eventually(function() return loop.count() == 0 end))
    assert.is_nil(placed)
    step_until(function() return placed end)
    assert.equal(1, box.log().by_correlation_id["rests-1"])
  end)

  it("serves a connection while it orders for another", function()
    local server = assert(socket.bind("127.0.0.1", 0))
    local _, port = server:getsockname()
    local answers = {}
    copas.addserver(server, function(connection)
      connection = copas.wrap(connection)
      local name = connection:receive()
      if name == "buy" then
        connection:send(order("served-1", "sandbox:hang=0.5").correlation_id .. "\n")
      else
        connection:send("hello\n")
      end
      connection.socket:close()
    end)
    local function ask(name)
      copas.addthread(function()
        local client = socket.tcp()
        assert(copas.connect(client, "127.0.0.1", port))
        client = copas.wrap(client)
        client:send(name .. "\n")
        local answer = client:receive()
        answers[#answers + 1] = answer
      end)
    end
    ask "buy"
    ask "greet"
    step_until(function() return #answers == 2 end)
    assert.same({ "hello", "served-1" }, answers)
  end)

  it("hears of a coroutine that fails, and the others go on", function()
    local heard, ended = {}, nil
    local function fail()
      copas.setErrorHandler(function(reason) heard[#heard + 1] = reason end)
      esim.sleep(0.01)
      error("mine", 0)
    end
    copas.addthread(fail)
    esim.spawn(fail)
    copas.addthread(function()
      esim.sleep(0.1)
      ended = true
    end)
    step_until(function() return ended end)
    assert.same({ "mine", "mine" }, heard)
  end)
end)

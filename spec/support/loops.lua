-- Event loops for specs: each runs a function in a coroutine of its own, beside others that count how often they ran.

local esim = require "esim"
local protect = require "esim.protect"
local provider = require "spec.support.provider"

local loops = {}

local BEAT = 0.002  -- seconds between two turns of the others

function loops.cqueues(f)
  local cqueues = require "cqueues"
  local controller, done, turns = cqueues.new(), false, 0
  controller:wrap(function()
    f()
    done = true
  end)
  controller:wrap(function()
    while not done do
      cqueues.sleep(BEAT)
      turns = turns + 1
    end
  end)
  assert(controller:loop())
  return turns
end

function loops.luv(f)
  local uv = require "luv"
  esim.use "luv"
  local others, turns = uv.new_timer(), 0
  others:start(1, BEAT * 1000, function() turns = turns + 1 end)
  coroutine.wrap(function()
    f()
    others:close()
  end)()
  uv.run()  -- ends by itself: nothing of ours is left in it
  return turns
end

function loops.copas(f)
  local copas = require "copas"
  esim.use "copas"
  local done, turns = false, 0
  copas.addthread(function()
    f()
    done = true
  end)
  while not done do
    copas.step(BEAT)
    turns = turns + 1
  end
  return turns
end

--- Run `f` in a coroutine of the loop `name`; what it raises is raised.
-- @return turns that others had meanwhile, first result of `f`
function loops.run(name, f)
  local ok, result
  local turns = loops[name](function()
    assert(require("esim.loop").host().name == name, "this is not " .. name)
    ok, result = protect.call(f)
  end)
  esim.use(nil)
  if ok == nil then
    error(name .. " has ended before the function", 0)
  elseif not ok then
    error(result, 0)
  end
  return turns, result
end

--- Declare the cases of a spec file once more, each to run in the loop `name`.
-- @param env  the environment of the spec that does so, and its `it`
function loops.declare(name, file, env, it)
  local source = assert(io.open(file))
  local text = "local it = ... " .. source:read("*a")
  source:close()
  local chunk = rawget(_G, "setfenv") and setfenv(assert(loadstring(text, "@" .. file)), env)  -- luacheck: ignore
    or assert(load(text, "@" .. file, "t", env))
  chunk(function(title, f)
    it(title, function() loops.run(name, f) end)
  end)
end

-- An order that takes its time is waited for, in `wrap(f)`, and others have their turns meanwhile.
local function wait_beside_others(name, box, wrap)
  local turns, code = loops.run(name, function()
    return wrap(function()
      local placed = assert(box.client:order(provider.input "sandbox:slow=0.4"))
      return assert(placed:wait { timeout = 60, first = 0.5 }):code()
    end)
  end)
  assert(code:find("^LPA:1"))
  assert(turns >= 10, name .. " was held up: only " .. turns .. " turns of others")
end

--- Declare what holds in each loop and is seen from outside of it.
-- @param it       of the spec
-- @param get_box  function(): its sandbox
function loops.declare_outside(name, it, get_box)
  it("others have their turns while an order waits", function()
    wait_beside_others(name, get_box(), function(f) return f() end)
  end)

  it("others have their turns while a task waits", function()
    wait_beside_others(name, get_box(), function(f) return esim.spawn(f):join() end)
    wait_beside_others(name, get_box(), esim.run)
    wait_beside_others(name, get_box(), function(f) return esim.all({ f })[1] end)
  end)

  it("the main thread blocks before, between and after", function()
    for _ = 1, 3 do
      assert(get_box().client:order(provider.input()))
      esim.run(esim.sleep, 0.01)
      loops.run(name, function() assert(get_box().client:order(provider.input())) end)
    end
    assert(get_box().client:order(provider.input()))
  end)
end

return loops

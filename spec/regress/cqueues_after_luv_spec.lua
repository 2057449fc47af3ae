-- A script that had named luv, and ran a controller of cqueues later (or the other way about): a wait there was luv's,
-- and broke the controller with "attempt to yield from outside a coroutine".

local cqueues = require "cqueues"
local esim = require "esim"
local provider = require "spec.support.provider"
local uv = require "luv"

describe("a controller of cqueues where luv was named", function()
  local box

  setup(function() box = provider.start { delay = 0 } end)
  teardown(function()
    esim.use(nil)
    assert(box.stop())
  end)

  local function order()
    return assert(box.client:order(provider.input()))
  end

  local function run_luv()
    local got
    coroutine.wrap(function() got = order() end)()
    uv.run()
    return got
  end

  local function run_cqueues()
    local got
    local controller = cqueues.new()
    controller:wrap(function() got = esim.spawn(order):join() end)
    assert(controller:loop())
    return got
  end

  it("waits as ever, and luv does before and after", function()
    esim.use "luv"
    for _ = 1, 2 do
      assert.truthy(run_luv())
      assert.truthy(run_cqueues())
    end
  end)
end)

-- What order:wait gave for a completed order had a nil behind it: `print(order:wait(...))` showed it, and a call that
-- it was handed to had one argument more.

local esim = require "esim"
local provider = require "spec.support.provider"

describe("order:wait", function()
  local box
  setup(function() box = provider.start { delay = 0 } end)
  teardown(function() assert(box.stop()) end)

  local function count()
    local placed = assert(box.client:order(provider.input "sandbox:slow=0"))
    local first = select("#", placed:wait { timeout = 60, first = 0.01 })
    return { first, select("#", placed:wait { timeout = 60 }) }
  end

  it("gives the profile and nothing else, in a task and outside", function()
    assert.same({ 1, 1 }, count())
    assert.same({ 1, 1 }, esim.run(count))
  end)

  it("gives nil and an error where it ends otherwise", function()
    local placed = assert(box.client:order(provider.input "sandbox:slow=60"))
    local function wait() return select("#", placed:wait { timeout = 0 }) end
    assert.equal(2, wait())
    assert.equal(2, esim.run(wait))
  end)
end)

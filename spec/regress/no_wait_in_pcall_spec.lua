-- In a task of Lua 5.1, inside pcall, order:wait raised that it cannot be suspended there where nothing was to be
-- waited for: for a completed order, and in place of what it has to say of its options.

local esim = require "esim"
local provider = require "spec.support.provider"

describe("order:wait inside pcall in a task", function()
  local box, placed
  setup(function()
    box = provider.start { delay = 0 }
    placed = assert(box.client:order(provider.input "sandbox:slow=0"))
    assert(placed:wait { timeout = 60, first = 0.01 })
  end)
  teardown(function() assert(box.stop()) end)

  it("gives the profile of an order that is completed", function()
    local ok, profile = esim.run(pcall, placed.wait, placed, { timeout = 1 })
    assert.is_true(ok, profile)
    assert.is_string(profile.iccid)
  end)

  it("raises misuse at the caller's line", function()
    local ok, reason = esim.run(pcall, function() placed:wait { timeout = -1 } end)
    assert.is_false(ok)
    assert.truthy(reason:find("no_wait_in_pcall_spec.lua:%d+: order:wait: timeout"), reason)
  end)
end)

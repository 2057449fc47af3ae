-- A task that waited for an order, and that somebody else resumed with a value, began a second wait beside the first;
-- one that was placing it went on in the midst of that somebody, and was never heard of again.
-- And who kept the coroutine that on_status ran in, and resumed that later, had another order's wait raise an error.

local esim = require "esim"
local provider = require "spec.support.provider"

describe("a task that waits for an order", function()
  local box
  setup(function() box = provider.start { delay = 0 } end)
  teardown(function() assert(box.stop()) end)

  local function wait(behaviour, on_status)
    local placed = assert(box.client:order(provider.input("sandbox:" .. behaviour)))
    return placed:wait { timeout = 60, first = 0.02, factor = 1, cap = 0.02, on_status = on_status }
  end

  for what, behaviour in pairs { waiting = "slow=0.3", ["placing it"] = "hang=0.3,slow=0.3" } do
    it("goes on " .. what .. " where somebody else resumes it with a value", function()
      local profile, others = esim.run(function()
        local thread
        local waiting = esim.spawn(function()
          thread = coroutine.running()
          return wait(behaviour)
        end)
        esim.sleep(0.1)
        local others = select("#", coroutine.resume(thread, "something", 1))
        coroutine.resume(thread, nil, 2)
        return waiting:join(), others
      end)
      assert.is_string(profile.iccid)
      assert.equal(1, others)
    end)
  end

  it("does not meet a coroutine of on_status's that somebody resumed later", function()
    local kept
    local profile = esim.run(function()
      wait("slow=0", function() kept = coroutine.running() end)
      for _ = 1, 3 do coroutine.resume(kept) end
      return wait "slow=0"
    end)
    assert.is_string(profile.iccid)
  end)
end)

-- In a coroutine of Lua 5.1, where esim.each waits for all before its loop begins, an on_status or a source that raised
-- took the orders with it that had ended, and left the others' waits in flight.

local esim = require "esim"
local loop = require "esim.loop"
local protect = require "esim.protect"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

describe("what raises while esim.each waits in a task", function()
  it("is raised after what ended before, and leaves nothing in flight that is closed", function()
    local quick = assert(box.client:order(provider.input()))
    assert(quick:wait { timeout = 20, first = 0.05 })
    local slow = assert(box.client:order(provider.input "sandbox:slow=30"))
    local list = { slow, quick }
    local ok, reason, got
    esim.run(function()
      local each = esim.each(box.client, function()
        if #list == 0 then error("no more", 0) end
        return table.remove(list, 1)
      end, { timeout = 60 })
      got = each()
      ok, reason = protect.call(each)
      each:close()
    end)
    assert.equal(quick, got)
    assert.same({ false, "no more" }, { ok, reason })
    assert.equal(0, loop.count())
  end)
end)

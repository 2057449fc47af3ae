-- Several tasks that shared one iterator of esim.each, each taking the next order that ended: only the last of them was
-- woken, and the others waited for ever.

local esim = require "esim"
local provider = require "spec.support.provider"

local may_share = _VERSION ~= "Lua 5.1" or type(rawget(_G, "jit")) == "table"  -- there the iterator gathers

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

describe("an iterator that several tasks share", function()
  it("gives each order to one of them, and its end to all", function()
    local orders, got, count, ended = {}, {}, 0, 0
    for i = 1, 12 do orders[i] = assert(box.client:order(provider.input("sandbox:slow=" .. i * 0.05))) end
    esim.run(function()
      local each = esim.each(box.client, orders, { timeout = 20, first = 0.05, factor = 1 })
      local function work()
        for order, profile in each do
          assert.truthy(profile)
          assert.is_nil(got[order])
          got[order], count = true, count + 1
          esim.sleep(0.01)
        end
        ended = ended + 1
      end
      esim.all { work, work, work, work }
    end)
    assert.same({ 12, 4 }, { count, ended })
  end)

  if may_share then
    it("ends for all where one of them closes it", function()
      local order = assert(box.client:order(provider.input "sandbox:slow=30"))
      local ended = 0
      esim.run(function()
        local each = esim.each(box.client, { order }, { timeout = 60 })
        local function work()
          assert.is_nil((each()))
          ended = ended + 1
        end
        esim.all { work, work, function()
          esim.sleep(0.05)
          each:close()
        end }
      end)
      assert.equal(2, ended)
    end)
  end
end)

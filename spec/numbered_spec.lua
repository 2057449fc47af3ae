-- Many things by their numbers.

local numbered = require "esim.loop.numbered"

describe("things by number", function()
  it("are found, counted, listed and taken out", function()
    local all, sum = numbered.new(), 0
    for i = 0, 4999 do all:put(i * 7, "thing " .. i) end
    assert.equal(5000, all.count)
    assert.equal("thing 3", all:get(21))
    assert.is_nil(all:get(22))
    for i = 0, 4999, 2 do all:drop(i * 7) end
    assert.equal(2500, all.count)
    assert.is_nil(all:get(0))
    for _, thing in ipairs(all:list()) do sum = sum + tonumber(thing:match "%d+") end
    assert.equal(2500 * 2500, sum)
  end)

  it("stand in tables of which none is large", function()
    local all = numbered.new()
    for i = 1, 100000 do all:put(i, true) end
    for key, page in pairs(all) do
      local count = 0
      for _ in pairs(type(page) == "table" and page or {}) do count = count + 1 end
      assert.is_true(count <= 256, tostring(key))
    end
    local pages = 0
    for _ in pairs(all) do pages = pages + 1 end
    assert.is_true(pages < 400, pages)
  end)

  it("are none of an empty one", function()
    assert.same({}, numbered.new():list())
    assert.is_nil(numbered.new():get(1))
  end)
end)

-- First come, first served.

local queue = require "esim.loop.queue"

describe("a queue", function()
  it("gives what was put, in its order, and nothing of nothing", function()
    local line = queue.new()
    assert.is_nil(queue.take(line))
    for round = 1, 3 do
      for i = 1, 5 do queue.put(line, round * 10 + i) end
      for i = 1, 5 do assert.equal(round * 10 + i, queue.take(line)) end
      assert.is_nil(queue.take(line))
    end
    queue.put(line, false)
    assert.is_false(queue.take(line))
  end)

  it("begins at its first place again whenever it is empty", function()
    local line = queue.new()
    for i = 1, 100 do
      queue.put(line, i)
      assert.equal(i, queue.take(line))
      assert.is_nil(queue.take(line))
    end
    queue.put(line, "x")
    assert.equal("x", line.things[1])
  end)
end)

-- Where there was no memory for a kind of order, its first word was made a kind although it was one: from then on there
-- were two of that name, and what the one learned was not in the other.

local starved = require "spec.support.starved"

describe("a kind of orders", function()
  it("is known once, wherever there was no memory for one", function()
    local pipe = starved.start("failing_experience", {})
    local said = pipe:read "*a"
    pipe:close()
    assert.equal("201 runs\n", said)
  end)
end)

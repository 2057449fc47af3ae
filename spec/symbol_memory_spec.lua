-- Every allocation of a drawing and of a mail fails in turn, libpng's and libqrencode's too: what is given is whole.

local starved = require "spec.support.starved"

local WAYS = { "symbol", "mail", "png", "data_uri", "svg", "eps", "text" }

describe("a drawing without memory", function()
  for _, count in ipairs { 1, 1000 } do
    it("is refused, or whole: " .. count .. " allocation(s) failing at each place in turn", function()
      local pipe, lines = starved.start("failing_draw", { count }), {}
      for line in pipe:lines() do lines[#lines + 1] = line end
      pipe:close()
      assert.equal(#WAYS, #lines, table.concat(lines, "\n"))
      for i, line in ipairs(lines) do
        local name, whole, refused, others = line:match "^(%S+)\t(%d+)\t(%d+)\t(.*)$"
        assert.equal(WAYS[i], name, line)
        assert.equal("", others, line)
        assert.is_true(tonumber(whole) >= 3 and tonumber(refused) >= 1, line)
      end
    end)
  end
end)

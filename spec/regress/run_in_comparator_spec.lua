-- esim.run inside a function that C calls, in a task, waited for that very task to end: it raised that nothing can
-- come.

local esim = require "esim"

describe("esim.run in a comparator of table.sort", function()
  if _VERSION == "Lua 5.1" and not rawget(_G, "jit") then
    it("raises in a task of Lua 5.1, which cannot tell where it may be suspended", function()
      assert.has_error(function()
        esim.run(function()
          table.sort({ 2, 1 }, function(a, b) return esim.run(function() return a < b end) end)
        end)
      end)
    end)
    return
  end

  it("gives its result, in a task too", function()
    local list = esim.run(function()
      local list = { 3, 1, 2 }
      table.sort(list, function(a, b) return esim.run(function() esim.sleep(0) return a < b end) end)
      return list
    end)
    assert.same({ 1, 2, 3 }, list)
  end)
end)

-- A `for` loop over a list that comes in pages: each entry once, an error last, an end in any case.

local paging = require "esim.paging"

-- Pages by name: { entries, name of the next }.
local function walk(by_name, first)
  local asked, seen, e = {}, {}, nil
  local function fetch(page)
    asked[#asked + 1] = page or "first"
    local got = by_name[page or first or "1"]
    return got[1], got[2]
  end
  for entry, reason in paging.each(fetch, first, "spec") do
    seen[#seen + 1] = entry
    e = reason
  end
  return seen, e, asked
end

describe("a list in pages", function()
  it("gives the same in a coroutine, whatever the Lua", function()
    local list = { ["1"] = { { "a", "b" }, "2" }, ["2"] = { nil, "reason" } }
    local seen, e
    local thread = coroutine.create(function() seen, e = walk(list) end)
    assert(coroutine.resume(thread))
    assert.same({ "a", "b", false }, seen)
    assert.equal("reason", e)
  end)

  it("gives each entry once, in order, and asks for no page twice", function()
    local seen, e, asked = walk { ["1"] = { { "a", "b" }, "2" }, ["2"] = { { "c" }, "x" }, x = { { "d" } } }
    assert.same({ "a", "b", "c", "d" }, seen)
    assert.is_nil(e)
    assert.same({ "first", "2", "x" }, asked)
  end)

  it("may hold nothing, and pages without an entry", function()
    assert.same({}, (walk { ["1"] = { {} } }))
    assert.same({ "a" }, (walk { ["1"] = { {}, "2" }, ["2"] = { {}, "3" }, ["3"] = { { "a" } } }))
  end)

  it("asks for the next page only when the loop gets there", function()
    local asked = 0
    local each = paging.each(function(page)
      asked = asked + 1
      return { "a" }, ((page or 1) + 1)
    end, nil, "spec")
    assert.equal(0, asked)
    assert.equal("a", each())
    assert.equal(1, asked)
  end)

  it("gives false and the error of a page that cannot be had, and then ends", function()
    local wrong = { kind = "unavailable" }
    local seen, e = walk { ["1"] = { { "a" }, "2" }, ["2"] = { nil, wrong } }
    assert.same({ "a", false }, seen)
    assert.equal(wrong, e)
    local each = paging.each(function() return nil, wrong end, nil, "spec")
    assert.same({ false, wrong }, { each() })
    assert.is_nil((each()))
    assert.is_nil((each()))
  end)

  for name, list in pairs {
    ["whose next page is itself"] = { ["1"] = { { "a" }, "1" } },
    ["whose pages go round"] = { ["1"] = { { "a" }, "2" }, ["2"] = { { "b" }, "3" }, ["3"] = { { "c" }, "2" } },
  } do
    it(name .. " ends with an error", function()
      local seen, e = walk(list)
      assert.is_false(seen[#seen])
      assert.equal("answer", e.kind)
      assert.truthy(tostring(e):find("circle", 1, true))
    end)
  end

  it("that cannot be read names the request that showed it", function()
    local each = paging.each(function() return { "a" }, "1", { correlation_id = "mine" } end, nil, "spec")
    each()
    each()
    assert.equal("mine", select(2, each()).correlation_id)
  end)

  it("knows the page that it began with again", function()
    local seen, e = walk({ ["7"] = { { "a" }, "7" } }, "7")
    assert.same({ "a", false }, seen)
    assert.equal("answer", e.kind)
  end)

  it("that never ends, ends", function()
    for _, entries in ipairs { {}, { "a" } } do
      local n, count, last, e = 1, 0, nil, nil
      local function fetch()
        n = n + 1
        return entries, tostring(n)
      end
      for entry, reason in paging.each(fetch, nil, "spec") do
        count, last, e = count + 1, entry, reason
      end
      assert.is_false(last)
      assert.equal("answer", e.kind)
      assert.is_true(count <= 10001)
    end
  end)
end)

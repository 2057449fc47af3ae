-- When to look again: pure functions of age, looks and chance.

local core = require "esim.core"

local MIDDLE = 0.5  -- no jitter

local function looks(schedule, count)
  local ages, last = {}, 0
  for i = 1, count do
    last = core.next_look(schedule, last, i - 1, MIDDLE)
    ages[i] = last
  end
  return ages
end

describe("the rule", function()
  it("looks at about 2.1, 5.6, 10.4, 16.5, 24, 33, 43, 55 s without experience", function()
    local expected = { 2.1, 5.6, 10.4, 16.5, 24, 33, 43, 55 }
    for i, age in ipairs(looks({}, 8)) do
      assert.is_true(math.abs(age - expected[i]) <= 0.3, i .. ": " .. age)
    end
  end)

  it("reaches its price exactly where it looks", function()
    for _, price in ipairs { 0.1, 1, 7 } do
      for _, last in ipairs { 0, 3, 50, 200 } do
        local age = core.next_look({ price = price }, last, 1, MIDDLE)
        local seen, steps = 0, 20000  -- the integral of H(s) - H(last), by the trapezium
        for i = 0, steps do
          local s = last + (age - last) * i / steps
          local h = 0.7 * (math.log(s + 1) - math.log(last + 1))
          seen = seen + h * ((i == 0 or i == steps) and 0.5 or 1) * (age - last) / steps
        end
        local bounded = age - last <= 0.2 + 1e-9 or age - last >= 120 - 1e-9
        assert.is_true(bounded or math.abs(seen - price) < 1e-3 * price, price .. " " .. last .. " " .. seen)
      end
    end
  end)

  it("stays within 0.2 and 120 s, and within 10 % of its interval", function()
    assert.equal(0.2, core.next_look({ price = 1e-6 }, 0, 1, MIDDLE))
    assert.equal(1e6 + 120, core.next_look({ price = 1 }, 1e6, 1, MIDDLE))
    local middle = core.next_look({}, 0, 0, MIDDLE)
    assert.is_true(math.abs(core.next_look({}, 0, 0, 0) / middle - 0.9) < 1e-9)
    assert.is_true(math.abs(core.next_look({}, 0, 0, 0, true) / middle - 0.5) < 1e-9)
    assert.is_true(math.abs(core.next_look({}, 0, 1, 0, true) / middle - 0.9) < 1e-9)
  end)
end)

describe("a schedule of the caller's own", function()
  it("multiplies its first interval up to its cap", function()
    assert.same({ 1, 3, 7, 12, 17 }, looks({ first = 1, factor = 2, cap = 5 }, 5))
    assert.same({ 5, 10, 15 }, looks({ first = 5, factor = 1, cap = 5 }, 3))
  end)

  it("is spread by its jitter alone", function()
    assert.equal(5, core.next_look({ first = 10, cap = 10, jitter = 0.5 }, 0, 0, 0))
    assert.equal(10, core.next_look({ first = 10, cap = 10, jitter = 0 }, 0, 0, 0))
  end)
end)

describe("a failed look", function()
  it("is tried again with full jitter, doubled up to 20 s", function()
    for failures, ceiling in ipairs { 1, 2, 4, 8, 16, 20, 20 } do
      assert.equal(0.2, core.next_retry(failures, nil, 0))
      assert.is_true(math.abs(core.next_retry(failures, nil, 0.999999) - ceiling) < 0.001)
    end
  end)

  it("is never tried before Retry-After", function()
    assert.equal(30, core.next_retry(1, 30, 0.9))
    assert.is_true(core.next_retry(6, 1, 0.9) > 10)
  end)
end)

-- Whatever colour a brand has, what stands in it and on it can be read (WCAG 2.2, level AA).

local colour = require "esim.page.colour"
local page = require "esim.page"
local style = require "esim.page.style"

describe("colours", function()
  -- The custom properties of a scheme, from the style sheet itself.
  local function scheme(name)
    local light = style.TEXT:match(":root (%b{})")
    local dark = style.TEXT:match("prefers%-color%-scheme: dark%) {%s*:root (%b{})")
    local out = {}
    for _, block in ipairs(name == "dark" and { light, dark } or { light }) do
      for key, value in block:gmatch("%-%-([%l-]+): (#%x+);") do out[key] = value end
    end
    return out
  end

  for _, name in ipairs { "light", "dark" } do
    it("of the " .. name .. " scheme can be read (WCAG 2.2, 1.4.3 and 1.4.11)", function()
      local all = scheme(name)
      for _, ground in ipairs { all.ground, all.card } do
        for _, text in ipairs { "text", "muted" } do
          assert.is_true(colour.contrast(all[text], ground) >= 4.5, text)
        end
        assert.is_true(colour.contrast(all.strong, ground) >= 3)
      end
    end)
  end

  it("are computed from the grounds that the style sheet has", function()
    assert.equal(style.GROUNDS.light, scheme("light").ground)
    assert.equal(style.GROUNDS.dark, scheme("dark").card)
    local light, dark = scheme "light", scheme "dark"
    assert.is_true(colour.contrast("#000000", light.ground) < colour.contrast("#000000", light.card))
    assert.is_true(colour.contrast("#ffffff", dark.card) < colour.contrast("#ffffff", dark.ground))
  end)

  it("are those of the style sheet where the operator has none", function()
    local text = page.failed(page.settle(), "o-1")
    local own = text:match("<style nonce=.-:root (%b{})")
    assert.equal(style.TEXT:match("\n(  %-%-brand: .-)\n"):gsub("%s", ""), (own:sub(2, -2):gsub("%s", "")))
  end)

  it("of any brand can be read in both schemes, and on the brand's own ground", function()
    math.randomseed(11)
    local some = { "#000000", "#ffffff", "#ff0000", "#00ff00", "#0000ff", "#ffd400", "#777777", "#767676", "#808080" }
    for _ = 1, 300 do some[#some + 1] = ("#%06x"):format(math.random(0, 0xffffff)) end
    for _, brand in ipairs(some) do
      local block = page.failed(page.settle { colour = brand }, "o-1"):match("<style nonce=.-:root (%b{})")
      local all = {}
      for key, value in block:gmatch("%-%-([%l-]+): (#%x+);") do all[key] = value end
      assert.equal(brand, all.brand)
      assert.is_true(colour.contrast(all.on, brand) >= 4.5, brand)
      for _, ground in ipairs { scheme("light").ground, scheme("light").card } do
        assert.is_true(colour.contrast(all.accent, ground) >= 4.5, brand)
        assert.is_true(colour.contrast(all.edge, ground) >= 3, brand)
      end
      for _, ground in ipairs { scheme("dark").ground, scheme("dark").card } do
        assert.is_true(colour.contrast(all["accent-dark"], ground) >= 4.5, brand)
        assert.is_true(colour.contrast(all["edge-dark"], ground) >= 3, brand)
      end
    end
  end)

  it("have the contrast that WCAG's own formula gives", function()
    assert.equal(21, colour.contrast("#000000", "#ffffff"))
    assert.equal(1, colour.contrast("#123456", "#123456"))
    assert.is_true(math.abs(colour.contrast("#767676", "#FFFFFF") - 4.54) < 0.005)
    assert.is_true(math.abs(colour.contrast("#ff0000", "#ffffff") - 4.00) < 0.005)
  end)
end)

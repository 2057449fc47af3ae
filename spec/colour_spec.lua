-- Colours as "#rrggbb", and the light that they give.

local colour = require "esim.colour"

describe("a colour", function()
  it("is six hexadecimal digits, of either case, after a #", function()
    assert.same({ 26, 86, 176 }, { colour.parse "#1a56B0" })
    for _, text in ipairs { "", "1a56b0", "#1a56b", "#1a56b00", "#1a56bg", " #1a56b0", "#1a56b0\n", "red" } do
      assert.is_nil(colour.parse(text))
    end
  end)

  it("gives as much light as IEC 61966-2-1 and WCAG say", function()
    assert.same({ 0, 1 }, { colour.luminance(0, 0, 0), colour.luminance(255, 255, 255) })
    for _, case in ipairs { { 10, 0.0030353 }, { 11, 0.0033465 }, { 128, 0.2158605 }, { 188, 0.5028865 } } do
      assert.is_true(math.abs(colour.light_of(case[1]) - case[2]) < 1e-6, case[1])
    end
    for i, share in ipairs { 0.2126, 0.7152, 0.0722 } do
      assert.equal(share, colour.luminance(i == 1 and 255 or 0, i == 2 and 255 or 0, i == 3 and 255 or 0))
    end
  end)
end)

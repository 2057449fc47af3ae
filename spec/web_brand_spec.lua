-- How the pages of the handlers look: the operator's options or a white label's, settled once. And where the handlers
-- themselves belong.

local brand = require "esim.web.brand"
local words = require "esim.words"

describe("an operator's brand", function()
  it("is settled in each language, and given in that which a browser asks for", function()
    local made = assert(brand.new { brand = "Wander", help_url = "tel:+351123" })
    for _, language in ipairs(words.LANGUAGES) do
      local settled = made:settled({}, language)
      assert.same({ "Wander", language }, { settled.brand, settled.words.lang })
      assert.equal(settled, made:settled({}, language))
    end
    assert.equal("en", made:settled({}, "tlh").words.lang)
    assert.equal("en", made:settled({}, nil).words.lang)
  end)

  it("keeps to its own language, where it has one", function()
    assert.equal("pt", assert(brand.new { language = "pt" }):settled({}, "de").words.lang)
    local own = assert(brand.new { language = { lang = "ga", copy = "Cóipeáil" } }):settled({}, "de")
    assert.equal("Cóipeáil", own.words.copy)
  end)

  it("may be missing", function()
    assert.equal("de", assert(brand.new(nil)):settled({}, "de").words.lang)
  end)

  it("is refused where it is none, with a reason that names the option", function()
    for word, wrong in pairs {
      ["table or a function"] = 1, nonsense = { nonsense = 1 }, brand = { brand = 1 }, colour = { colour = "red" },
      language = { language = "tlh" }, help_url = { help_url = "javascript:alert(1)" }, logo_svg = { logo_svg = "x" },
    } do
      local made, reason = brand.new(wrong)
      assert.is_nil(made)
      assert.truthy(reason:find(word, 1, true), reason)
      assert.is_nil(reason:find("brand.lua", 1, true), reason)
    end
  end)

  it("is each white label's, by the order, and what the caller holds is not changed", function()
    local asked, label = nil, { brand = "Label" }
    local made = assert(brand.new(function(order)
      asked = order
      return label
    end))
    local settled, wrong = made:settled({ id = "x" }, "es")
    assert.same({ "Label", "es" }, { settled.brand, settled.words.lang })
    assert.is_nil(wrong)
    assert.equal("x", asked.id)
    assert.same({ brand = "Label" }, label)
  end)

  it("is the plain one where the white label's cannot be had, and says why without a secret", function()
    for reason, f in pairs {
      ["a table of options was expected, not a nil"] = function() return nil end,
      ["colour must"] = function() return { colour = "red" } end,
      ["unknown option nonsense"] = function() return { nonsense = true } end,
      ["it raised"] = function() error("it raised with LPA:1$rsp.example.com$SECRET") end,
    } do
      local settled, wrong = assert(brand.new(f)):settled({}, "fr")
      assert.equal("fr", settled.words.lang)
      assert.is_nil(settled.brand)
      assert.truthy(wrong:find(reason, 1, true), wrong)
      assert.is_nil(wrong:find("SECRET", 1, true))
    end
  end)
end)

describe("esim.web outside of nginx", function()
  it("says where it belongs", function()
    local ok, reason = pcall(require, "esim.web")
    assert.is_false(ok)
    assert.truthy(tostring(reason):find("esim.web is for nginx with its Lua module (OpenResty)", 1, true))
  end)
end)

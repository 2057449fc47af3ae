-- Which language a customer's browser asks for.

local choose = require("esim.web.language").choose

local HERE = { "en", "pt", "de" }

local CASES = {
  { "pt", "pt" }, { "pt-BR", "pt" }, { "PT-pt,en;q=0.9", "pt" }, { "de-CH-1996", "de" },
  { "fr", nil }, { "fr,de;q=0.1", "de" }, { "en;q=0.5, pt;q=0.8", "pt" }, { "en;q=0.5 , de ; q=0.5", "en" },
  { "pt;q=0,en;q=0.1", "en" }, { "pt;q=0", nil }, { "*", nil }, { "*;q=0.5,de;q=0.1", "de" },
  { "", nil }, { ",,;q=1,", nil }, { "pt;q=nonsense", nil }, { "pt;level=1", nil }, { "p%", nil }, { "\255pt", nil },
  { "de_DE", nil }, { ("x,"):rep(4000) .. "de", "de" },
}

describe("the language of Accept-Language", function()
  for i, case in ipairs(CASES) do
    it(("(%d) %s is %s"):format(i, case[1]:sub(1, 30):gsub("%c", "?"), tostring(case[2])), function()
      assert.equal(case[2], choose(case[1], HERE))
    end)
  end

  it("is none where the header is missing", function()
    assert.is_nil(choose(nil, HERE))
  end)
end)

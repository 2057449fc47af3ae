-- The texts that a customer reads: every language has them all, and what an operator puts in their place is checked.

local words = require "esim.words"

local english = words.of "en"

local function placeholders(text)
  local names = {}
  for name in text:gmatch("{(.-)}") do
    names[#names + 1] = name
  end
  table.sort(names)
  return table.concat(names, " ")
end

describe("the language", function()
  for _, language in ipairs(words.LANGUAGES) do
    describe(language, function()
      local texts = assert(words.of(language))

      it("has every text and no other", function()
        for key in pairs(english) do
          assert.is_string(texts[key], key)
        end
        for key in pairs(texts) do
          assert.is_string(english[key], key)
        end
      end)

      it("has every place where a value goes", function()
        for key, text in pairs(english) do
          assert.equal(placeholders(text), placeholders(texts[key]), key)
        end
      end)

      it("is text that may stand in a page, and names itself", function()
        for key, text in pairs(texts) do
          assert.is_true(words.is_text(text) and text ~= "", key)
        end
        assert.equal(language, texts.lang)
      end)

      it("says in its own words what a customer reads in sentences", function()
        for key, text in pairs(texts) do
          assert.is_true(language == "en" or #text < 25 or text ~= english[key], key)
        end
      end)
    end)
  end

  it("has in French a space that breaks no line before : ; ! ? » and after «", function()
    for key, text in pairs(words.of "fr") do
      local rest = text:gsub("LPA:", ""):gsub("\194\160([:;!?])", ""):gsub("\194\160»", ""):gsub("«\194\160", "")
      assert.is_nil(rest:find("[:;!?]") or rest:find("»", 1, true) or rest:find("«", 1, true), key .. ": " .. text)
    end
  end)

  it("is English where none is named", function()
    assert.equal(english, words.of())
  end)

  it("is one that is there, by its very name", function()
    for _, name in ipairs { "xx", "", "EN", "pt-BR", "../en", "en.lua", "words", "en\0" } do
      local texts, e = words.of(name)
      assert.is_nil(texts)
      assert.equal("invalid language", e.kind .. " " .. e.field)
    end
  end)

  it("is a text or a table", function()
    for _, value in ipairs { 1, true, print } do
      local ok, reason = pcall(words.of, value)
      assert.is_false(ok)
      assert.truthy(reason:find("must be a string or a table", 1, true))
    end
  end)
end)

describe("a table of texts", function()
  it("takes the place of English ones", function()
    local texts = assert(words.of { lang = "he", dir = "rtl", copy = "העתקה" })
    assert.equal("he rtl העתקה", texts.lang .. " " .. texts.dir .. " " .. texts.copy)
    assert.equal(english.help, texts.help)
    assert.equal("Copy", english.copy)
  end)

  local REFUSED = {
    { "a key that is none", { copi = "x" } }, { "a number", { copy = 1 } }, { "an empty text", { copy = "" } },
    { "a list", { "Copy" } }, { "a text without end", { copy = ("x"):rep(1001) } },
    { "a line break", { copy = "a\nb" } }, { "a NUL", { copy = "a\0b" } }, { "Latin-1", { copy = "Informa\231\227o" } },
    { "a C1 control character", { copy = "a\194\133b" } }, { "a surrogate", { copy = "\237\160\128" } },
    { "more bytes than a character needs", { copy = "\224\128\188" } },
    { "four of them", { copy = "\240\130\130\172" } },
    { "what is beyond Unicode", { copy = "\244\144\128\128" } }, { "five bytes", { copy = "\248\136\128\128\128" } },
    { "a character broken off", { copy = "\226\130" } }, { "a lone byte", { copy = "\128" } },
    { "an override of direction", { copy = "Lumo \226\128\174omuL" } },
    { "a language tag that is none", { lang = "en\" onload=\"x" } }, { "a direction that is none", { dir = "up" } },
  }
  for _, case in ipairs(REFUSED) do
    it("is refused with " .. case[1], function()
      local texts, e = words.of(case[2])
      assert.is_nil(texts)
      assert.equal("invalid language", e.kind .. " " .. e.field)
      assert.is_string(tostring(e))
    end)
  end

  it("may hold any character, at the ends of each length too", function()
    for _, text in ipairs {
      "\194\160", "\223\191", "\224\160\128", "\236\191\191", "\237\159\191", "\238\128\128", "\239\191\189",
      "\240\144\128\128", "\243\191\191\189", "\244\143\191\189", "\226\128\143", "\226\129\167",
    } do
      assert.equal(text, assert(words.of { copy = text }).copy)
    end
  end)

  for _, tag in ipairs { "en", "pt-BR", "zh-Hant-TW", "gsw" } do
    it("may be in " .. tag, function()
      assert.equal(tag, assert(words.of { lang = tag }).lang)
    end)
  end
end)

describe("a value in a text", function()
  it("stands where its name is, as it is", function()
    assert.equal("iOS %1 or later", words.fill("{version} or later", { version = "iOS %1" }))
    assert.equal("{other} {version}", words.fill("{other} {version}", {}))
    assert.equal("{a}", words.fill("{b}", { b = "{a}", a = "never" }))
  end)
end)

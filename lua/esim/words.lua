--- The texts that a customer reads, by language. Each language is a file of data: esim/words/en.lua has all keys.

local err = require "esim.err"

local words = {}

--- The languages that are there, the one that others fall back to first.
words.LANGUAGES = { "en", "pt", "es", "de", "fr" }

local DIRECTIONS = { ltr = true, rtl = true }
local LONGEST = 1000  -- bytes of a text
local TAG = 35        -- of a language tag (BCP 47, section 4.4.1): a mail's header holds it in one line

local is_whole = setmetatable({}, { __mode = "k" })  -- tables that came from here: nothing is checked twice
local is_there = {}
for _, language in ipairs(words.LANGUAGES) do
  is_there[language] = true
end

local function invalid(message)
  return nil, err.new("invalid", { field = "language", message = message })
end

-- What becomes of well-formed characters (Unicode, table 3-7), in that order: control characters (C1, and embeddings
-- and overrides of direction, which turn round the text beside them) one of ASCII, all others a space.
local CHARACTERS = {
  { "\194[\128-\159]", "\1" }, { "\226\128[\170-\174]", "\1" },
  { "[\194-\223][\128-\191]", " " }, { "\224[\160-\191][\128-\191]", " " },
  { "\237[\128-\159][\128-\191]", " " }, { "[\225-\236\238\239][\128-\191][\128-\191]", " " },
  { "\240[\144-\191][\128-\191][\128-\191]", " " },
  { "[\241-\243][\128-\191][\128-\191][\128-\191]", " " }, { "\244[\128-\143][\128-\191][\128-\191]", " " },
}

--- Whether `text` is UTF-8 without control characters: what may stand in a page.
-- @param text  string
function words.is_text(text)
  for _, rule in ipairs(CHARACTERS) do
    text = text:gsub(rule[1], rule[2])
  end
  return not text:find("[%c\127-\255]")
end

local function check(key, text, english)
  if english[key] == nil then
    return invalid("has no text named " .. tostring(key):sub(1, 40))
  elseif type(text) ~= "string" or text == "" or #text > LONGEST or not words.is_text(text) then
    return invalid(("needs a text of at most %d bytes of UTF-8 for %s"):format(LONGEST, key))
  elseif key == "lang" and (#text > TAG or not text:find("^%a%a%a?%f[^%a][%w-]*$")) then
    return invalid("needs a language tag such as en or pt-BR for lang")
  elseif key == "dir" and not DIRECTIONS[text] then
    return invalid("needs ltr or rtl for dir")
  end
  return true
end

-- English, with what the caller says in its place.
local function replaced(own)
  local english, all = require "esim.words.en", {}
  for key, text in pairs(english) do
    all[key] = text
  end
  for key, text in pairs(own) do
    local ok, e = check(key, text, english)
    if not ok then
      return nil, e
    end
    all[key] = text
  end
  is_whole[all] = true
  return all
end

--- The texts of a language.
-- @param language  one of `LANGUAGES`, nil: English; or a table of texts that replaces English ones by key, with `lang`
--   (a language tag, BCP 47) and, where it is written from right to left, `dir` = "rtl"; or what this returned
-- @param level     as for `error`, seen from our caller: of a type that is none (1)
-- @return table of texts, not to be changed | nil, err with field `language`
function words.of(language, level)
  if language == nil then
    language = "en"
  end
  if is_whole[language] then
    return language
  elseif type(language) == "table" then
    return replaced(language)
  elseif type(language) ~= "string" then
    error("esim.words: language must be a string or a table, not a " .. type(language), (level or 1) + 1)
  elseif not is_there[language] then
    return invalid("must be one of " .. table.concat(words.LANGUAGES, ", ") .. ", or a table of texts")
  end
  return require("esim.words." .. language)
end

--- Put values where a text has their names in braces.
-- @param text    such as "needs {version}"
-- @param values  table: name = string
function words.fill(text, values)
  return (text:gsub("{(%l+)}", values))
end

return words

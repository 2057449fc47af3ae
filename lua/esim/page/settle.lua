--- What the customer sees is set by options, which may come from a data base: a wrong type is a mistake in the program
-- and raises, a wrong value is an error that names the option.

local colour = require "esim.page.colour"
local err = require "esim.err"
local misuse = require "esim.misuse"
local native = require "esim.native"
local parse_colour = require("esim.colour").parse
local style = require "esim.page.style"
local words = require "esim.words"

local settle = {}

settle.TYPES = { brand = "string", colour = "string", logo_svg = "string", language = true, help_url = "string" }

local BRAND = 100        -- characters
local LOGO = 65536       -- bytes
local URL = 2048         -- bytes
local COLOUR = "#1a56b0"

local Settled = {}

-- What stands after the scheme: a host, an address, a number.
local SCHEMES = { https = "^//[%w%[]", http = "^//[%w%[]", mailto = "^[^?@]+@[%w%[]", tel = "^%+?%d[%d().-]*$" }

local function invalid(field, message)
  return nil, err.new("invalid", { field = field, message = message })
end

local checks, ORDER = {}, { "brand", "colour", "logo_svg", "help_url" }

function checks.brand(text)
  if #text:gsub("[\128-\191]", "") > BRAND or not words.is_text(text) then
    return invalid("brand", ("must be UTF-8 without control characters, of at most %d characters"):format(BRAND))
  end
  return true
end

function checks.colour(text)
  if not parse_colour(text) then
    return invalid("colour", "must be such as #1a56b0")
  end
  return true
end

-- It goes into an <img>, where nothing in it can run or load; this is about pictures that would not show.
function checks.logo_svg(text)
  local root = text:match("<svg[%s>][^>]*")
  if #text > LOGO then
    return invalid("logo_svg", ("must be at most %d bytes"):format(LOGO))
  elseif not root or not text:gsub("^\239\187\191", ""):find("^%s*<") or not text:find("</svg%s*>%s*$") then
    return invalid("logo_svg", "must be an SVG document")
  elseif not text:find("http://www.w3.org/2000/svg", 1, true) then
    return invalid("logo_svg", 'must have xmlns="http://www.w3.org/2000/svg", or browsers do not show it')
  elseif text:find("<!ENTITY", 1, true) then
    return invalid("logo_svg", "must be without entities of its own")
  end
  return true
end

-- Printable ASCII that may stand in a URI (RFC 3986 section 2): no space, no control character, no quote.
function checks.help_url(text)
  local scheme, rest = text:match("^(%a[%w+.-]*):(.*)$")
  local after = scheme and SCHEMES[scheme:lower()]
  if #text > URL or text:find("[^%w%-._~:/?#%[%]@!$&'()*+,;=%%]") or not after or not rest:find(after) then
    return invalid("help_url", "must be an https:, http:, mailto: or tel: link of at most 2048 ASCII characters")
  end
  return true
end

-- The brand's, what is read on it, and what of it is read (4.5) or seen (3) on the grounds of both schemes.
local function colours_of(brand)
  local light, dark = style.GROUNDS.light, style.GROUNDS.dark
  return {
    brand = brand, on = colour.on(brand),
    accent = colour.legible(brand, light, 4.5), accent_dark = colour.legible(brand, dark, 4.5),
    edge = colour.legible(brand, light, 3), edge_dark = colour.legible(brand, dark, 3),
  }
end

local function data_uri(svg)
  return "data:image/svg+xml;base64," .. native.base64(svg)
end

--- Check options once.
-- @param options  brand: text; colour: "#rrggbb"; logo_svg: text of an SVG document, which is shown on white; language:
--   as for `words.of`; help_url: link (https:, http:, mailto: or tel:)
-- @param name     of the function that was called
-- @param level    as for `error`, seen from our caller
-- @return { brand, logo, help_url (nil where not given), colours, words }
--   | nil, err of kind `invalid` with `field`; misuse raises
function settle.options(options, name, level)
  local own = misuse.gather(options or {}, settle.TYPES, name, level + 1)
  local language = type(own.language)
  if language ~= "nil" and language ~= "string" and language ~= "table" then
    error(name .. ": language must be a string or a table, not a " .. language, level + 1)
  end
  local function given(field) return own[field] ~= "" and own[field] or nil end
  for _, field in ipairs(ORDER) do
    local ok, e = true, nil
    if given(field) then
      ok, e = checks[field](own[field])
    end
    if not ok then
      return nil, e
    end
  end
  local texts, e = words.of(own.language)
  if not texts then
    return nil, e
  end
  return setmetatable({
    brand = given "brand", help_url = given "help_url", words = texts, colours = colours_of(given "colour" or COLOUR),
    logo = given "logo_svg" and data_uri(own.logo_svg),
  }, Settled)
end

--- Raise unless `settled` is what `options` returned.
function settle.check(settled, name, level)
  if getmetatable(settled) ~= Settled then
    error(name .. ": what page.settle returned is expected, got " .. type(settled), level + 1)
  end
end

return settle

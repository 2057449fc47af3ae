--- How the pages look: the operator's options, or those of the white label that an order belongs to, in the language of
-- who looks at them.

local err = require "esim.err"
local language = require "esim.web.language"
local misuse = require "esim.misuse"
local page = require "esim.page"
local words = require "esim.words"

local brand = {}

local Brand = {}
Brand.__index = Brand

local function settle(options, name)
  local own = misuse.copy(options)
  own.language = own.language or name
  return page.settle(own)
end

-- Once for each language, whatever browsers ask for; nil, reason where the options are wrong.
local function settle_all(options)
  local all = {}
  for _, name in ipairs(words.LANGUAGES) do
    local ok, settled, e = pcall(settle, options, name)
    if not ok then
      return nil, (tostring(settled):gsub("^.-:%d+: ", ""))
    elseif not settled then
      return nil, ("%s %s"):format(e.field, e.message)
    end
    all[name] = settled
  end
  return all
end

--- @param given  options of esim.page; or a function(order) that returns such for the order's pages; or nil
-- @return brand | nil, reason
function brand.new(given)
  local self = setmetatable({}, Brand)
  if type(given) == "function" then
    self.choose, given = given, nil
  elseif given ~= nil and type(given) ~= "table" then
    return nil, "must be a table or a function, not a " .. type(given)
  end
  local reason
  self.all, reason = settle_all(given or {})
  return self.all and self, reason
end

local function chosen(choose, order, name)
  local options = choose(order)
  if type(options) ~= "table" then
    error("a table of options was expected, not a " .. type(options), 0)
  end
  local settled, e = settle(options, name)
  return settled or error(e.field .. " " .. e.message, 0)
end

--- What the functions of esim.page take.
-- @param order   given to the operator's function, which may wait
-- @param accept  the header Accept-Language, or nil
-- @return settled; and where it is the plain one, since the operator's function went wrong: why
function Brand:settled(order, accept)
  local name = language.choose(accept, words.LANGUAGES) or words.LANGUAGES[1]
  if self.choose then
    local ok, settled = pcall(chosen, self.choose, order, name)
    if ok then
      return settled
    end
    return self.all[name], err.redact(tostring(settled))
  end
  return self.all[name]
end

return brand

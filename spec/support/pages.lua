-- Pages for specs, and short words for what stands in them.

local page = require "esim.page"
local profile = require "esim.profile"

local pages = {
  ID = "QR-G-5C-1LS-1W1Z9",
  LOGO = [[<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1 1"><path d="M0 0h1v1H0z"/></svg>]],
}
pages.CODE = "LPA:1$rsp.example.com$" .. pages.ID

--- A profile with that code, or another.
function pages.made(code)
  return profile.new { lpa_url = code or pages.CODE }
end

--- Options that are accepted, settled.
function pages.settled(options)
  return assert(page.settle(options or {}))
end

--- Whether `part` stands in a text, as it is.
function pages.has(text, part)
  return text:find(part, 1, true) ~= nil
end

--- A page without what is constant: the script's and the style sheet's texts.
function pages.own_part(text)
  local without, count = text:gsub("<style>.-</style>", ""):gsub("<script>.-</script>", "")
  assert(count == 1)
  return without
end

return pages

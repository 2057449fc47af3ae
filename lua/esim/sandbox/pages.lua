--- Lists in parts. How the provider numbers pages is assumed from its examples: from 1, and the headers of v1
-- (`X-Next-Page`, `X-Previous-Page`) hold the number of a page.

local ngx = ngx  -- luacheck: ignore

local pages = {}

local function whole(text)
  local n = tonumber(text)
  return n and n >= 1 and n % 1 == 0 and n or nil
end

--- The part of a list that the query asks for.
-- @param list   all entries
-- @param names  of the query's fields: { size, page }
-- @param most   entries of a page where the query says nothing, or nil: all
-- @return { items, page, size, count } | nil, message
function pages.part(list, names, most)
  local args = ngx.req.get_uri_args()
  local asked, page = args[names.size], args[names.page]
  local size = whole(asked or most or math.max(#list, 1))
  page = whole(page or 1)
  if not size or not page then
    return nil, names.size .. " and " .. names.page .. " must be whole numbers from 1 on"
  end
  local items = {}
  for i = (page - 1) * size + 1, math.min(page * size, #list) do
    items[#items + 1] = list[i]
  end
  return { items = items, page = page, size = size, count = math.max(math.ceil(#list / size), 1) }
end

--- Say in v1's headers where the other pages are.
function pages.headers(part)
  ngx.header["X-Next-Page"] = part.page < part.count and part.page + 1 or nil
  ngx.header["X-Previous-Page"] = part.page > 1 and math.min(part.page - 1, part.count) or nil
end

return pages

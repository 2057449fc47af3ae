--- What is common to the answers of v2: metadata with links, and lists of which they are a part.

local pages = require "esim.sandbox.pages"
local reply = require "esim.sandbox.reply"
local store = require "esim.sandbox.store"

local ngx = ngx  -- luacheck: ignore

local v2 = {}

--- Metadata of one thing.
-- @param links  name = path below the base URL, or what begins with another character than `/` as it is
-- @param name   "links" or "_links": the provider's pages have both; an option of sandbox.start goes before it
function v2.metadata(links, name)
  local out = {}
  for key, target in pairs(links) do
    out[key] = target:sub(1, 1) == "/" and store.settings.url .. target or target
  end
  return { [store.settings.links or name or "links"] = out }
end

--- An activation code as v2 writes it: without its prefix.
function v2.code(text)
  return text and (text:gsub("^LPA:", ""))
end

local function link_to(path, part, page)
  local args = ngx.req.get_uri_args()
  args.page, args.page_size = page, part.size
  return path .. "?" .. ngx.encode_args(args)
end

--- Answer with the part of a list that the query asks for.
function v2.list(path, list, most)
  local part, message = pages.part(list, { size = "page_size", page = "page" }, most)
  if not part then
    return reply.refuse(400, "INVALID_REQUEST_PARAMS", message)
  end
  local links = { _self = link_to(path, part, part.page) }
  if part.page < part.count then
    links._next = link_to(path, part, part.page + 1)
  end
  if part.page > 1 then
    links._prev = link_to(path, part, part.page - 1)
  end
  local metadata = { page = part.page, page_size = part.size, page_count = part.count }
  metadata[store.settings.links or "links"] = links
  reply.json('{"data":' .. store.encode_list(part.items) .. ',"_metadata":' .. store.encode(metadata) .. "}")
end

return v2

--- What can be ordered. The provider's pages "Products" (v1) and "Product Catalogue" (v2).

local api = require "esim.api"
local call = require "esim.call"
local paging = require "esim.paging"

local product = {}

local function fetch(client, query, options)
  return call.list(client, {
    method = "GET", path = client.api:path "product", query = query, timeout = options.timeout,
    correlation_id = options.correlation_id,
  })
end

--- client:products(query, options), see esim.rest.
function product.list(client, query, options)
  local fields, list = client.api:query(query), {}
  if query.page ~= nil then
    return fetch(client, fields, options)
  end
  local step = paging.walk(function(page)
    fields.page = page
    return fetch(client, fields, options)
  end, nil, "client:products")
  local item, e = step()
  while item do
    list[#list + 1] = item
    item, e = step()
  end
  if item == false then
    return nil, e
  end
  return list
end

--- client:product(id, query, options), see esim.rest.
function product.get(client, id, query, options)
  local body, e, _, context = call.send(client, {
    method = "GET", path = client.api:path("product", id), query = client.api:query(query), timeout = options.timeout,
    correlation_id = options.correlation_id,
  })
  if not body then
    return nil, e
  elseif not api.is_about(body, id) then
    return call.unusable("the body is not about this product", context)
  end
  return body
end

return product

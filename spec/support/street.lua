-- nginx with the handlers of esim.web beside a sandbox, and short words for what specs ask of them.

local assert = require "luassert"
local curl = require "spec.support.curl"
local json = require "esim.json"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"
local scratch = require "spec.support.scratch"

local street = {}

local SERVER = [=[
  access_log $dir/access.log;
  location = /esim/order { content_by_lua_block { require("spec.support.desk").web:order() } }
  location /esim/ { content_by_lua_block { require("spec.support.desk").web:handle() } }
  location /all/ { content_by_lua_block { require("spec.support.desk").all:handle() } }
  location /slowly/ { content_by_lua_block { require("spec.support.desk").slowly:handle() } }
  location /apart/ { content_by_lua_block { require("spec.support.desk").web:svg() } }
  location /deaf/ {
    lua_check_client_abort off;
    content_by_lua_block { require("spec.support.desk").web:events() }
  }
  location ~ ^/(brief|broken|far|hasty|odd|slow|down|wrong)/(\w+) {
    content_by_lua_block {
      local desk = require("spec.support.desk")[ngx.var[1]]
      desk[ngx.var[2]](desk)
    }
  }
  location ~ ^/(shop|fado|labels|ending|rare|unusable)/ {
    content_by_lua_block { require("spec.support.desk")[ngx.var[1]]:handle() }
  }
  location /alone/page/ { content_by_lua_block { require("spec.support.desk").alone:handle() } }
  location /guarded/ {
    if ($cookie_known = "") { return 302 /login; }
    content_by_lua_block { require("spec.support.desk").guarded:handle() }
  }
  location = /login { default_type text/html; return 200 "<title>Log in</title>Log in"; }
  location = /links { content_by_lua_block { require("spec.support.desk").links(ngx.req.get_uri_args()) } }
  location = /misuse { content_by_lua_block { require("spec.support.desk").misuse() } }
]=]

--- Start both.
-- @param options  of spec.support.nginx
-- @return sandbox, nginx
function street.open(options)
  local all = { sandbox = provider.start { delay = 0.3 }, server = SERVER }
  for name, value in pairs(options or {}) do all[name] = value end
  street.box, street.server = all.sandbox, nginx.start(all)
  return street.box, street.server
end

function street.close()
  assert(street.server:stop())
  assert(street.box.stop())
end

function street.read_file(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

--- Ask our nginx.
function street.ask(link, options)
  return curl.ask(street.server.url .. link, options)
end

--- Place an order for a product.
-- @param path    default: /esim/order
-- @param fields  of the order, other than usual
function street.post(product, options, path, fields)
  return curl.post(street.server.url .. (path or "/esim/order"), json.encode(provider.input(product, fields)), options)
end

--- Place an order that is accepted.
-- @return what came back, decoded
function street.place(product, fields)
  local got = street.post(product, nil, nil, fields)
  assert.equal(202, got.status, got.body)
  return json.decode(got.body)
end

--- The profile of an order once it is completed, or the error.
function street.completed(order)
  local profile, e = street.box.client:resume(order.id):wait { timeout = 60, first = 0.1, factor = 1 }
  return profile or e
end

--- What zbarimg reads in a picture.
function street.scan(bytes, as_svg)
  local name = scratch()
  local file = assert(io.open(name, "wb"))
  file:write(bytes)
  file:close()
  local drawn = as_svg and name .. ".png" or name
  local pipe = assert(io.popen((as_svg and "rsvg-convert -w 600 " .. name .. " -o " .. drawn .. " && " or "")
    .. "zbarimg --nodbus -q --raw " .. drawn .. " 2>/dev/null"))
  local text = pipe:read("*l")
  pipe:close()
  os.remove(name)
  os.remove(drawn)
  return text
end

local RULES = { "default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'" }

--- The headers that every answer carries.
function street.assert_guarded(got, what)
  assert.equal("no-store", got.headers["cache-control"], what)
  assert.equal("no-referrer", got.headers["referrer-policy"], what)
  assert.equal("nosniff", got.headers["x-content-type-options"], what)
  assert.equal("noindex", got.headers["x-robots-tag"], what)
  local policy = got.headers["content-security-policy"]
  for _, rule in ipairs(RULES) do assert.truthy(policy:find(rule, 1, true), what) end
  assert.is_nil(policy:find("unsafe", 1, true), what)
end

function street.assert_not_found(got, what)
  assert.equal(404, got.status, what)
  assert.equal("Not found\n", got.body, what)
  street.assert_guarded(got, what)
end

return street

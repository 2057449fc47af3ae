--- Thin handlers that an nginx (OpenResty) operator mounts in a `location`: place an order; show its status, its
-- events, its QR code and its install page to who holds a link.
--
-- Whoever reaches `order` spends the operator's money: it stands behind the operator's own access control. Everything
-- else is reached by an unguessable, expiring, signed link. Nothing is stored: a link holds the order's id, and each
-- request looks at the order once.

if type(rawget(_G, "ngx")) ~= "table" or not ngx.config then  -- luacheck: ignore
  error("esim.web is for nginx with its Lua module (OpenResty), and works nowhere else", 0)
end

local brand = require "esim.web.brand"
local err = require "esim.err"
local events = require "esim.web.events"
local json = require "esim.json"
local link = require "esim.web.link"
local loop = require "esim.loop"
local native = require "esim.native"
local page = require "esim.page"
local order_of = require("esim.order.saved").read
local tell_order = require("esim.client").tell
local reply = require "esim.web.reply"

local ngx = ngx  -- luacheck: ignore

local web = {}

local KEY_MIN = 32   -- bytes
local AGAIN = 5      -- seconds after which a picture that is not there yet may be asked for again
local LOOK = 10      -- seconds that one look may take
local DEFAULTS = {
  lifetime = 3600, base = "/esim", timeout = 600, heartbeat = 15, limit = 16384, order = false, order_timeout = 50,
}
local TYPES = {
  client = "table", key = true, lifetime = "number", base = "string", timeout = "number", heartbeat = "number",
  limit = "number", order = "boolean", order_timeout = "number", on_order = "function",
  page = true,
}
local SAVED = "esim-order 1 id=%s created=%d status=ACCEPTED end"  -- as order:save writes it
local PURPOSES = { "status", "events", "page", "png", "svg" }

local inner = setmetatable({}, { __mode = "k" })  -- the key's signer lives here, out of sight

local Web = {}
Web.__index = Web

function Web:__tostring()
  return "esim.web: " .. inner[self].base
end

-- A line in nginx's error log. Not by ngx.log: that quotes the request, whose URI is a link that opens an order.
local function complain(sentence)
  loop.tell("esim.web: " .. sentence:gsub("%c", " "), "error")
end

-- Options.

local function check_types(options)
  if type(options) ~= "table" then
    error("esim.web: table of options expected, got " .. type(options), 3)
  end
  for name, value in pairs(options) do
    local expected = TYPES[name]
    if not expected then
      error("esim.web: unknown option " .. tostring(name), 3)
    elseif expected ~= true and type(value) ~= expected then
      error("esim.web: " .. name .. " must be a " .. expected .. ", not a " .. type(value), 3)
    end
  end
  if not options.client or type(options.client.resume) ~= "function" then
    error("esim.web: client must be what esim.client returned", 3)
  end
end

local function keys_of(key)
  local keys = type(key) == "table" and key or { key }
  for i = 1, math.max(#keys, 1) do
    if type(keys[i]) ~= "string" or #keys[i] < KEY_MIN then
      error(("esim.web: key must be a secret text of at least %d bytes, or a list of them"):format(KEY_MIN), 3)
    end
  end
  return { unpack(keys) }
end

local function check_numbers(options)
  for name, least in pairs { lifetime = 1, timeout = 1, heartbeat = 1, limit = 1, order_timeout = 1 } do
    if not (options[name] >= least and options[name] < 1e9) then
      error("esim.web: " .. name .. " must be at least " .. least, 3)
    end
  end
end

-- Without the slash at its end; its path alone is what `handle` sees.
local function check_base(base)
  local path = base:gsub("^https?://[^/]+", "")
  if (path ~= "" and path:sub(1, 1) ~= "/") or base:find("[^%w/:._~%[%]-]") then
    error("esim.web: base must be the path or the URL of the location, such as /esim or https://example.com/esim", 3)
  end
  return (base:gsub("/+$", "")), (path:gsub("/+$", ""))
end

-- Also texts that come from a data base raise here: without them no page may be served.
local function check_page(given)
  local settled, reason = brand.new(given)
  return settled or error("esim.web: page: " .. reason, 3)
end

--- Make the handlers. Nothing is started: legal in init_by_lua.
-- @param options  client; key: secret text of at least 32 bytes, or a list of them (the first signs, each verifies);
--   base: path or URL of the location ("/esim"); lifetime: seconds of a link (3600); timeout: seconds that an events
--   stream waits (600); heartbeat: seconds between two signs of life in it (15); limit: bytes of an order (16384);
--   order: whether `handle` places orders too (false); order_timeout: seconds until an order is answered (50);
--   on_order: function(order), called for each order placed before its request is answered; page: options of
--   esim.page for the pages (without `language` the browser's own), or a function(order) that returns them
-- @return web; misuse raises
function web.new(options)
  check_types(options)
  local all = setmetatable({}, { __index = DEFAULTS })
  for name, value in pairs(options) do
    all[name] = value
  end
  check_numbers(all)
  local self = setmetatable({}, Web)
  local base, path = check_base(all.base)
  inner[self] = {
    client = all.client, signer = link.new(keys_of(all.key)), lifetime = all.lifetime, base = base, path = path,
    timeout = all.timeout, heartbeat = all.heartbeat, limit = all.limit, may_order = all.order,
    order_timeout = all.order_timeout, on_order = all.on_order, brand = check_page(all.page),
  }
  return self
end

-- Links.

local function links_of(self, order, purposes)
  local mine, links = inner[self], {}
  for _, purpose in ipairs(purposes) do
    links[purpose] = ("%s/%s/%s"):format(mine.base, purpose, mine.signer:sign(purpose, order))
  end
  return links
end

--- New links to an order, for a mail or a page of the operator's own.
-- @param order  order, what `order:save` returned, or the provider's order id
-- @return { status, events, page, png, svg }
function Web:links(order)
  local saved = type(order) == "table" and order:save() or order
  local fields = type(saved) == "string" and order_of(saved)
  if not fields then
    error("web:links: order, saved order or order id expected", 2)
  end
  local expires = ngx.time() + inner[self].lifetime
  return links_of(self, { id = fields.id, created = fields.created, expires = expires }, PURPOSES)
end

-- Placing an order.

local function is_json(kind)
  return kind ~= nil and kind:lower():match("^application/json%s*%f[;%z]") ~= nil
end

-- nginx has put it into a file where it is larger than client_body_buffer_size.
local function read_body()
  ngx.req.read_body()
  local text, name = ngx.req.get_body_data(), ngx.req.get_body_file()
  local file = not text and name and io.open(name, "rb")
  if file then
    text = file:read("*a")
    file:close()
  end
  return text or ""
end

-- The order's fields; nil when it was refused. That it must be called JSON keeps foreign pages' forms out: a browser
-- asks before it sends that elsewhere, and nobody here says yes.
local function read_order(limit)
  local length = tonumber(ngx.var.content_length)
  if not is_json(ngx.var.content_type) then
    return reply.refuse(415, "content-type", "must be application/json")
  elseif not length then
    return reply.refuse(411, "content-length", "is required")
  elseif length > limit then
    return reply.refuse(413, "content-length", ("must be at most %d bytes"):format(limit))
  end
  local text = read_body()
  local given = text:find("^%s*{") and json.decode(text)
  if type(given) ~= "table" then
    return reply.refuse(400, "body", "must be a JSON object with the provider's fields of an order")
  end
  return given
end

-- The caller's own, so that he finds an order whose answer he never got; it goes into logs.
local function read_correlation()
  local id = ngx.var.http_x_correlation_id
  if id and not (#id <= 128 and id:find("^[%w._:-]+$")) then
    return reply.refuse(400, "x-correlation-id", "must be at most 128 letters, digits, dots, colons, dashes"), true
  end
  return id
end

-- The order stands, whatever the hook makes of it.
local function tell(self, order)
  local hook = inner[self].on_order
  local ok, reason = true, nil
  if hook then
    ok, reason = tell_order(inner[self].client, order, hook)
  end
  if not ok then
    complain(("on_order failed for order %s: %s"):format(order.id, err.redact(tostring(reason))))
  end
end

-- Where something raises, nobody knows whether the order stands: that must not become a 500, which might be repeated.
local function place(self, given, correlation_id)
  local mine = inner[self]
  local ok, order, e = pcall(mine.client.order, mine.client, given, {
    correlation_id = correlation_id, timeout = mine.order_timeout,
  })
  if not ok then
    complain(("the order with correlation id %s raised: %s"):format(correlation_id, err.redact(tostring(order))))
    return nil, err.new("unknown", { message = "the server failed meanwhile", correlation_id = correlation_id })
  end
  return order, e
end

--- POST: place an order. The body is JSON, the provider's own input fields; X-Correlation-ID may be given.
-- Whoever reaches this spends the operator's money.
-- 202 with { id, status, correlation_id, warnings, links }, else { error = { kind, field, message, … } }.
function Web:order()
  reply.start()
  if not reply.allows("POST", true) then
    return
  end
  local given = read_order(inner[self].limit)
  local correlation_id, wrong
  if given then
    correlation_id, wrong = read_correlation()
  end
  if not given or wrong then
    return
  end
  local order, e = place(self, given, correlation_id or native.uuid())
  if not order then
    return reply.order_error(e)
  end
  tell(self, order)
  return reply.json(202, {
    id = order.id, status = order.status, correlation_id = order.correlation_id, links = self:links(order),
  }, { warnings = order.warnings })
end

-- Looking at one.

-- What the link is about, and the order; nil when there is an answer already.
local function open(self, purpose)
  reply.start()
  if not reply.allows("GET, HEAD") then
    return nil
  end
  local mine = inner[self]
  local about = mine.signer:verify(purpose, ngx.var.uri:match("[^/]*$"), ngx.time())
  local order = about and mine.client:resume(SAVED:format(ngx.escape_uri(about.id), about.created))
  if not order then
    return reply.not_found()
  end
  return about, order
end

-- One look: the profile of a completed order, or the error of a failed one; neither while it goes on.
local function look(order)
  local status, e = order:poll { timeout = LOOK }
  if status == "COMPLETED" or status == "FAILED" then
    return order:wait { timeout = 0 }  -- it is known: nothing is asked
  end
  return nil, e
end

--- GET: the status as JSON: { id, status }, or { error }.
function Web:status()
  local about, order = open(self, "status")
  if not about then
    return
  end
  local _, e = look(order)
  if not e or e.kind == "failed" then
    return reply.json(200, { id = about.id, status = order.status or "ACCEPTED" })
  end
  local http, said = reply.look_error(e)
  if http == 404 then
    return reply.not_found()
  end
  return reply.json(http, { error = said }, nil, reply.again(e, http))
end

--- GET: server-sent events: `status` for each new status, then `done` with links, `failed`, or `error`.
-- What `done` hands out ends when this link does, and so does the stream.
function Web:events()
  local about, order = open(self, "events")
  if not about then
    return
  end
  local mine = inner[self]
  return events.serve(order, {
    timeout = math.min(mine.timeout, about.expires - ngx.time()), look = LOOK, heartbeat = mine.heartbeat,
    links = links_of(self, about, { "page", "png", "svg" }),
  })
end

-- A picture, or why there is none.
local function picture(self, purpose, kind, draw)
  local about, order = open(self, purpose)
  if not about then
    return
  end
  local profile, e = look(order)
  local symbol = profile and profile:qr()
  if symbol then
    return reply.send(200, kind, assert(draw(symbol)))
  elseif profile or (e and e.kind == "failed") then
    return reply.not_found()  -- and there never will be one
  elseif not e then
    return reply.text(202, "The order is not completed yet", AGAIN)
  end
  local http, said = reply.look_error(e)
  if http == 404 then
    return reply.not_found()
  end
  return reply.text(http, said.message, reply.again(e, http))
end

--- GET: the QR code as PNG.
function Web:png()
  return picture(self, "png", "image/png", function(symbol) return symbol:png() end)
end

--- GET: the QR code as SVG.
function Web:svg()
  return picture(self, "svg", "image/svg+xml", function(symbol) return symbol:svg() end)
end

local function send_page(http, again, html, policy)
  reply.start(policy)
  return reply.send(http, "text/html; charset=utf-8", html, again)
end

local function settled_for(self, order)
  local settled, wrong = inner[self].brand:settled(order, ngx.var.http_accept_language)
  if wrong then
    complain(("page failed for order %s: %s"):format(order.id, wrong))
  end
  return settled
end

-- As a path: the page asks for nothing but what is on its own origin, whatever name that has.
local function events_of(self, about)
  return (links_of(self, about, { "events" }).events:gsub("^https?://[^/]+", ""))
end

--- GET: the install page; while the order goes on one that becomes it.
function Web:page()
  local about, order = open(self, "page")
  if not about then
    return
  end
  local profile, e = look(order)
  local http = e and reply.look_error(e)
  if http == 404 then
    return reply.not_found()
  end
  local settled = settled_for(self, order)
  if not profile and not e then
    return send_page(202, nil, page.waiting(settled, { events = events_of(self, about), status = order.status }))
  elseif e and e.kind == "failed" then
    return send_page(200, nil, page.failed(settled, about.id))
  elseif e then
    return send_page(http, reply.again(e, http), page.unavailable(settled, http == 503))
  end
  local html, policy = page.install(profile, settled)
  if not html then
    return send_page(502, nil, page.unavailable(settled, false))
  end
  return send_page(200, nil, html, policy)
end

--- Serve whatever stands below `base`; orders only with the option `order`.
function Web:handle()
  local mine = inner[self]
  local uri = ngx.var.uri
  local below = uri:sub(1, #mine.path + 1) == mine.path .. "/" and uri:sub(#mine.path + 2) or ""
  if below == "order" and mine.may_order then
    return self:order()
  end
  local name = below:match("^(%l+)/[^/]+$")
  for _, purpose in ipairs(PURPOSES) do
    if name == purpose then
      return self[purpose](self)
    end
  end
  reply.start()
  return reply.not_found()
end

return web

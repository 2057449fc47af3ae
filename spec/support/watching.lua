-- Run with the allocator of failing.c preloaded: `watching.lua url secret [careless]`. Sends the secret in each place
-- of a request, to a provider that says it again, and draws it in every way; prints for each: its name, how many blocks
-- that the core freed held it, how many it freed. With `careless` nothing is wiped.

local core = require "esim.core"
local failing = require "esim_failing"
local oauth = require "esim.auth.oauth"

local url, secret, careless = arg[1], arg[2], arg[3] == "careless"
local basic = core.base64("me:" .. secret)  -- as it stands in the request

local function take(inbox)
  local id, fault = inbox:take()
  while not id do
    inbox:wait(5)
    id, fault = inbox:take()
  end
  return id, fault
end

local function request(style, target)
  local spec = oauth.request { client_id = "me", client_secret = secret, style = style }
  spec.target = target
  return spec
end

-- One that is answered, one that is called off on the wire, one whose inbox is closed meanwhile.
local function exchange(style)
  local account, inbox = assert(core.account { url = url }), core.inbox()
  assert(inbox:request(account, request(style, "/echo")))
  assert(select(2, take(inbox)) == nil)
  local id = assert(inbox:request(account, request(style, "/hang")))
  inbox:wait(0.05)
  inbox:cancel(id)
  assert(inbox:request(account, request(style, "/hang")))
  inbox:wait(0.05)
  inbox:close()
end

-- A poll, whose answer is remembered and compared.
local function look()
  local account, inbox = assert(core.account { url = url }), core.inbox()
  local id = assert(inbox:poll(account, {
    target = "/echo", headers = { "X-Say: " .. secret }, first = 0.001, factor = 1, cap = 0.001,
  }))
  assert(take(inbox) == id)
  inbox:again(id)
  inbox:wait(0.05)
  inbox:close()
end

-- A token, and the one after it.
local function sign()
  local account, inbox = assert(core.account { url = url }), core.inbox()
  for i = 1, 2 do
    assert(account:token(secret .. i))
    assert(inbox:request(account, { target = "/echo" }))
    take(inbox)
  end
  inbox:close()
end

local function watch(name, mark, f, ...)
  failing.watch(mark, careless)
  f(...)
  collectgarbage()
  collectgarbage()
  local inbox = core.inbox()  -- what was posted before is done before this
  inbox:sleep(0)
  take(inbox)
  inbox:close()
  print(name, failing.watched())
end

-- A part of a picture that its symbol alone has.
local function part_of(picture)
  return picture:sub(-200, -60)
end

-- A row of modules as the core keeps them: libqrencode's second bit marks what is data.
local function row_of(symbol)
  local row, y = {}, math.floor(symbol.size / 2)
  for x = 12, symbol.size - 12 do row[#row + 1] = symbol:at(x, y) and "\3" or "\2" end
  return table.concat(row)
end

-- The last row of pixels of a PNG without a margin.
local function pixels_of(symbol)
  local row = {}
  for x = 0, symbol.size - 1 do row[#row + 1] = symbol:at(x, symbol.size - 1) and "\0" or "\255" end
  return table.concat(row)
end

local function draw(kind, options)
  for _ = 1, 5 do
    local symbol = core.symbol(secret)
    if kind then
      symbol[kind](symbol, options)
    end
  end
end

watch("body", secret, exchange, "body")
watch("basic", basic, exchange, "basic")
watch("answer", secret, look)
watch("token", secret, sign)

require "esim.symbol"
local drawn = core.symbol(secret)
watch("symbol", row_of(drawn), draw)
for _, kind in ipairs { "png", "svg", "eps", "text", "data_uri" } do
  watch(kind, part_of(drawn[kind](drawn)), draw, kind)
end
watch("pixels", pixels_of(drawn), draw, "png", { margin = 0, scale = 8 })
watch("png in a data_uri", part_of(drawn:png()), draw, "data_uri")

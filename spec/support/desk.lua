-- Handlers of esim.web as the specs' nginx mounts them: each field is one operator's.

local esim = require "esim"
local json = require "esim.json"
local profile = require "esim.profile"
local web = require "esim.web"

local ngx = ngx  -- luacheck: ignore

local desk = {}

local LOGO = [[
<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 202 64"><circle cx="32" cy="32" r="26" fill="#0b6e4f"/>
<path d="M18 39l14-20 14 20" fill="none" stroke="#fff" stroke-width="6" stroke-linejoin="round"/>
<text x="70" y="44" font-family="sans-serif" font-size="34" font-weight="700" fill="#0b6e4f">Wander</text></svg>
]]

local KEY, OLD_KEY = ("new key "):rep(4), ("old key "):rep(4)

local function log(entry)
  if not entry.abandoned then
    return
  end
  entry.err = entry.err and tostring(entry.err)
  ngx.log(ngx.NOTICE, "entry ", json.encode(entry), " end")
end

local function client(url, token, timeout)
  return assert(esim.client { url = url, token = token, log = log, timeout = timeout or 20, connections = 64 })
end

local connect = client(os.getenv "SHOP_URL", os.getenv "SHOP_TOKEN")

local function open(options)
  options.client, options.key = options.client or connect, options.key or KEY
  options.heartbeat, options.order_timeout = options.heartbeat or 1, options.order_timeout or 20
  return web.new(options)
end

desk.web = open { key = { KEY, OLD_KEY } }
desk.old = open { key = OLD_KEY }
desk.all = open { base = "/all", order = true, on_order = function(order)
  ngx.log(ngx.NOTICE, "placed ", order.id, " end")
  ngx.sleep(0.01)
  error("a hook that fails, with LPA:1$rsp.example.com$SECRET in it")
end }
desk.slowly = open { base = "/slowly", order = true, on_order = function(order)
  ngx.log(ngx.NOTICE, "begun ", order.correlation_id, " end")
  ngx.sleep(1)
  ngx.log(ngx.NOTICE, "placed ", order.id, " end")
end }
desk.shop = open {
  base = "/shop",
  page = { brand = "Wander Mobile", colour = "#0b6e4f", logo_svg = LOGO, help_url = "https://help.example.com/esim" },
}
desk.fado = open { base = "/fado", page = { brand = "Fado", language = "pt" } }
-- A white label for each order, as a data base may have them; some are wrong.
local LABELS = { none = false, wrong = { colour = "nonsense" }, odd = { coulour = "#000000" } }
desk.labels = open { base = "/labels", page = function(order)
  ngx.sleep(0.001)
  local name = ngx.var.arg_label
  if name == "raises" then
    error("a hook that fails, with LPA:1$rsp.example.com$SECRET in it")
  elseif LABELS[name] ~= nil then
    return LABELS[name]
  end
  return { brand = "Label of " .. order.id }
end }
desk.alone = open { base = "/alone" }  -- mounted without its events
desk.rare = open { base = "/rare", heartbeat = 3600 }
desk.guarded = open { base = "/guarded" }  -- behind a login
desk.ending = open { base = "/ending", lifetime = 3 }
desk.short = open { lifetime = 1 }
desk.brief = open { timeout = 1 }
desk.hasty = open { client = client(os.getenv "SHOP_URL", os.getenv "SHOP_TOKEN", 2) }
-- Others do not wait with it.
desk.slow = open { order_timeout = 6, client = client(os.getenv "SHOP_URL", os.getenv "SHOP_TOKEN") }
desk.down = open { client = client("http://127.0.0.1:1", "t") }
desk.far = open { base = "https://esim.example.com/esim/" }
desk.broken = open { client = {
  resume = connect.resume,
  order = function() error("gone wrong with LPA:1$rsp.example.com$SECRET") end,
} }
-- A provider whose codes are none.
desk.unusable = open { base = "/unusable", client = { resume = function()
  return {
    id = "o-1", status = "COMPLETED", poll = function() return "COMPLETED" end,
    wait = function() return profile.new { matchingId = "QR-G-5C-1LS-1W1Z9", smdpUrl = "<b>no host</b>" } end,
  }
end } }
-- A provider that tries to write events of its own.
desk.odd = open { client = { resume = function()
  return {
    id = "o-1", status = "WORD\nevent: done\ndata: {}\n\n", poll = function() end, cancel = function() end,
    wait = function() return nil, { kind = "timeout" } end,
  }
end } }
desk.wrong = open { client = client(os.getenv "SHOP_URL", "wrong") }

--- The links that one operator makes for an order id.
function desk.links(args)
  ngx.print(json.encode(desk[args.of or "web"]:links(args.id)))
end

local BAD = {
  { key = false }, { key = "short" }, { key = {} }, { key = { KEY, "short" } }, { lifetime = 0 }, { lifetime = 0 / 0 },
  { timeout = -1 }, { base = "esim" }, { base = "ftp://x/y" }, { base = "/e?x" }, { base = "/%65" }, { client = {} },
  { nonsense = 1 }, { order = 1 }, { limit = "1" }, { page = 1 }, { page = { nonsense = 1 } }, { page = { brand = 1 } },
  { page = { colour = "red" } }, { page = { language = "tlh" } }, { page = { help_url = "javascript:alert(1)" } },
}

--- What is raised for each wrong option, and for links to what is no order.
function desk.misuse()
  for _, wrong in ipairs(BAD) do
    local options = { client = connect, key = KEY }
    for name, value in pairs(wrong) do options[name] = value or nil end
    local _, reason = pcall(function() web.new(options) end)
    ngx.say(tostring(reason))
  end
  ngx.say(tostring((select(2, pcall(function() desk.web:links(42) end)))))
  ngx.say(tostring((select(2, pcall(function() desk.web:links("a b") end)))))
  ngx.say(tostring((select(2, pcall(function() web.new() end)))))
end

return desk

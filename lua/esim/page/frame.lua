--- What all pages have in common: head, policy, the brand's header, help at the foot. Nothing is loaded from elsewhere.

local html = require "esim.page.html"
local native = require "esim.native"
local script = require "esim.page.script"
local style = require "esim.page.style"

local frame = {}

local REFRESH = 5  -- seconds until a page that is not final looks again, where no script does

local DOCUMENT = [[
<!DOCTYPE html>
<html lang="{lang}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow">
<meta name="referrer" content="no-referrer">
<meta name="format-detection" content="telephone=no">
<meta name="theme-color" content="{colour}">
<title>{title}</title>
<style>{+style}</style>
{+brand_style}{+refresh}</head>
<body>
{+header}
{+main}
{+footer}
<script>{+script}</script>
</body>
</html>
]]

-- CSS has braces of its own: these are filled by format. What goes in was computed here, and is no text of anybody's.
local BRAND_STYLE = [[
<style nonce="%s">
:root { --brand: %s; --on: %s; --accent: %s; --accent-dark: %s; --edge: %s; --edge-dark: %s; }
@media screen and (prefers-color-scheme: dark) { :root { --accent: var(--accent-dark); --edge: var(--edge-dark); } }
@media print { :root { --accent: #000; } }
</style>
]]
local REFRESH_TAG = '<noscript><meta http-equiv="refresh" content="' .. REFRESH .. '"></noscript>\n'

-- The Content-Security-Policy; `nonce` is that of the brand's colours, or nil. A live page asks its own server.
local function policy_of(nonce, live)
  return ("default-src 'none'; base-uri 'none'; form-action 'none'; style-src '%s'%s; script-src '%s'; img-src data:%s")
    :format(style.HASH, nonce and " 'nonce-" .. nonce .. "'" or "", script.HASH, live and "; connect-src 'self'" or "")
end

local function brand_style(nonce, colours)
  if not nonce then
    return ""  -- no randomness: the default colours
  end
  return BRAND_STYLE:format(nonce, colours.brand, colours.on, colours.accent, colours.accent_dark, colours.edge,
    colours.edge_dark)
end

local function header(settled)
  local brand = settled.brand or ""
  if settled.logo then
    return html.fill('<header class="top"><img class="logo" src="{logo}" alt="{brand}"></header>', {
      logo = settled.logo, brand = brand,
    })
  elseif settled.brand then
    return html.fill('<header class="top"><p class="brand">{brand}</p></header>', { brand = brand })
  end
  return '<header class="top bare"></header>'
end

local function footer(settled)
  if not settled.help_url then
    return ""
  end
  return html.fill('<footer class="foot"><p><a href="{url}" rel="noopener noreferrer">{help}</a></p></footer>', {
    url = settled.help_url, help = settled.words.help,
  })
end

--- A page.
-- @param settled  what settle.options returned
-- @param title    text
-- @param main     HTML: the element main
-- @param live     whether it looks again by itself
-- @return HTML, its Content-Security-Policy
function frame.page(settled, title, main, live)
  local nonce = native.uuid()
  local policy = policy_of(nonce, live)
  return html.fill(DOCUMENT, {
    lang = settled.words.lang, dir = settled.words.dir, policy = policy, colour = settled.colours.brand,
    title = settled.brand and title .. " – " .. settled.brand or title,
    style = style.TEXT, brand_style = brand_style(nonce, settled.colours), refresh = live and REFRESH_TAG or "",
    header = header(settled), main = main, footer = footer(settled), script = script.TEXT,
  }), policy
end

return frame

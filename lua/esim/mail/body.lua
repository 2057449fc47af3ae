--- What a mail says, as text and as HTML: all that the customer needs stands in both.

local html = require "esim.page.html"
local style = require "esim.page.style"
local words = require "esim.words"

local body = {}

local SYSTEMS = { "ios", "android" }  -- no mail program follows a link of Windows' own scheme

local function needs_of(texts, links, system)
  local needs = words.fill(texts.needs, { version = links.needs[system] })
  return system == "android" and needs .. ", " .. texts.android_note or needs
end

local function steps_of(texts, system)
  return { texts[system .. "_step_1"], texts[system .. "_step_2"], texts.mail_step_3 }
end

-- Text.

local function add(lines, ...)
  for _, line in ipairs { ... } do
    lines[#lines + 1] = line
  end
end

local function add_links(lines, view)
  local texts, links = view.words, view.links
  add(lines, texts.direct_title, "")
  for _, system in ipairs(SYSTEMS) do
    local needs = needs_of(texts, links, system)
    add(lines, ("%s (%s)%s"):format(texts["install_" .. system], needs, texts.colon), links[system], "")
  end
  add(lines, texts.mail_direct_note, "")
end

local function add_system(lines, view, system)
  local texts = view.words
  add(lines, texts[system], "")
  for i, step in ipairs(steps_of(texts, system)) do
    add(lines, i .. ". " .. step)
  end
  add(lines, "", texts[system .. "_manual"] .. texts.colon)
  for _, row in ipairs(view.manual[system]) do
    local said = row.value and row.value ~= "" and row.value or row.note
    add(lines, ("  %s%s %s"):format(row.label, texts.colon, said))
    if row.value and row.value ~= "" and row.note then
      add(lines, "  (" .. row.note .. ")")
    end
  end
  add(lines, "")
end

--- @param view  words, links, manual (of a profile, in these words), page_url, help_url and brand or nil
-- @return text, each line ended by "\n"
function body.text(view)
  local texts, lines = view.words, {}
  if view.brand then
    add(lines, view.brand, "")
  end
  add(lines, texts.install_title, "", texts.install_lead, "")
  if view.page_url then
    add(lines, texts.mail_page .. texts.colon, view.page_url, "")
  end
  add_links(lines, view)
  for _, system in ipairs(SYSTEMS) do
    add_system(lines, view, system)
  end
  add(lines, texts.once, texts.mail_secret)
  if view.help_url then
    add(lines, "", texts.help .. texts.colon .. " " .. view.help_url)
  end
  return table.concat(lines, "\n") .. "\n"
end

-- HTML: tables and inline styles, for mail programs drop style sheets or lay out with Word's engine, which knows widths
-- of attributes alone. Some drop <html> and <body> too, so the outer table says once more in which language and
-- direction it is.

local FRAME = [[
<!DOCTYPE html>
<html lang="{lang}" dir="{dir}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<meta name="supported-color-schemes" content="light">
<meta name="format-detection" content="telephone=no, date=no, address=no, email=no, url=no">
<title>{install_title}</title>
</head>
<body style="margin:0;padding:0;background:{ground}">
<table role="presentation" lang="{lang}" dir="{dir}" width="100%" cellpadding="0" cellspacing="0" border="0"
 bgcolor="{ground}">
<tr><td align="center" style="padding:20px 10px">
<table role="presentation" dir="{dir}" width="600" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff"
 style="table-layout:fixed;width:100%;max-width:600px;background:#ffffff;border-radius:14px;overflow:hidden">
<tr><td bgcolor="{colour}" style="{font};padding:{band};background:{colour};color:{on};font-size:20px;font-weight:bold">
{brand}</td></tr>
<tr><td style="{font};padding:28px 24px 8px">
<h1 style="margin:0 0 8px;font-size:28px;line-height:34px;color:{ink}">{install_title}</h1>
<p style="margin:0">{install_lead}</p>
</td></tr>
{+page}<tr><td align="center" style="{font};padding:20px 24px">
<h2 style="{heading}">{scan_title}</h2>
<img src="cid:{cid}" width="240" height="240" alt="{scan_alt}"
 style="display:block;width:240px;height:240px;border:0;margin:0 auto;background:#ffffff">
<p style="{note}">{mail_scan_lead}</p>
</td></tr>
<tr><td align="center" style="{font};padding:8px 24px 20px">
<h2 style="{heading}">{direct_title}</h2>
{+buttons}<p style="{note}">{mail_direct_note}</p>
</td></tr>
{+systems}<tr><td style="{font};padding:20px 24px 28px;border-top:1px solid {rule}">
<p style="margin:0 0 8px">{once}</p>
<p style="margin:0"><strong>{mail_secret}</strong></p>
{+help}</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
]]

local PAGE = [[
<tr><td align="center" style="{font};padding:16px 24px 0">
{+button}</td></tr>
]]

-- The whole of it can be pressed, but in Word's engine, where the words alone can.
local BUTTON = [[
<table role="presentation" width="340" cellpadding="0" cellspacing="0" border="0"
 style="table-layout:fixed;width:100%;max-width:340px">
<tr><td align="center" bgcolor="{colour}" style="background:{colour};border:1px solid {edge};border-radius:10px">
<a href="{url}" style="{font};display:block;padding:13px 16px;color:{on};font-weight:bold;text-decoration:none">
{label}</a></td></tr>
</table>
<p style="{below}">{needs}</p>
]]

local SYSTEM = [[
<tr><td style="{font};padding:20px 24px;border-top:1px solid {rule}">
<h2 style="{heading}">{name}</h2>
<ol style="margin:0 0 14px;padding:0 {indent}">
<li style="margin:0 0 6px">{first}</li>
<li style="margin:0 0 6px">{second}</li>
<li style="margin:0">{third}</li>
</ol>
<p style="margin:0 0 8px">{manual}{colon}</p>
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" style="table-layout:fixed">
{+fields}</table>
</td></tr>
]]

local FIELD = [[
<tr><td style="{font};padding:10px 12px;background:{ground};border-bottom:6px solid #ffffff">
<span style="font-size:14px;color:{muted}">{label}</span><br>
{+value}{+note}</td></tr>
]]
local VALUE = [[
<span dir="ltr" style="font-family:Menlo,Consolas,monospace;font-size:16px;word-break:break-all">{value}</span>
]]
local NOTE = '<span style="font-size:14px;color:{muted}">{+line}{note}</span>\n'
local HELP = '<p style="margin:14px 0 0"><a href="{help_url}" style="color:{link};font-weight:bold">{help}</a></p>\n'

-- The page's, in daylight.
local COLOURS = { ground = style.GROUNDS.light, ink = "#16181d", muted = "#545b66", rule = "#d8dce2" }

local STYLES = {
  font = "font-family:Arial,Helvetica,sans-serif;font-size:16px;line-height:24px;word-wrap:break-word;color:"
    .. COLOURS.ink,
  below = "margin:8px 0 18px;font-size:14px;line-height:20px;color:" .. COLOURS.muted,
  note = "margin:10px 0 0;font-size:14px;line-height:20px;color:" .. COLOURS.muted,
  heading = "margin:0 0 12px;font-size:20px;line-height:26px;color:" .. COLOURS.ink,
}

local function button(scope, label, url, needs)
  return html.fill(BUTTON, setmetatable({ label = label, url = url, needs = needs }, scope))
end

local function buttons(view, scope)
  local texts, out = view.words, {}
  for i, system in ipairs(SYSTEMS) do
    out[i] = button(scope, texts["install_" .. system], view.links[system], needs_of(texts, view.links, system))
  end
  return table.concat(out)
end

local function field(row, scope)
  local value = row.value and row.value ~= "" and html.fill(VALUE, row) or ""
  local note = row.note and html.fill(NOTE, setmetatable({
    note = row.note, line = value ~= "" and "<br>" or "",
  }, scope)) or ""
  return html.fill(FIELD, setmetatable({ label = row.label, value = value, note = note }, scope))
end

local function system_of(view, scope, system)
  local texts, fields = view.words, {}
  for i, row in ipairs(view.manual[system]) do
    fields[i] = field(row, scope)
  end
  local steps = steps_of(texts, system)
  return html.fill(SYSTEM, setmetatable({
    name = texts[system], first = steps[1], second = steps[2], third = steps[3],
    manual = texts[system .. "_manual"], fields = table.concat(fields),
  }, scope))
end

-- Values that every template may ask for: styles, colours, words.
local function scope_of(view)
  local colours = view.colours
  local values = {
    colour = colours.brand, on = colours.on, link = colours.accent, edge = colours.edge,
    indent = view.words.dir == "rtl" and "22px 0 0" or "0 0 22px",  -- of a list's numbers
  }
  setmetatable(values, { __index = function(_, name) return STYLES[name] or COLOURS[name] or view.words[name] end })
  return { __index = values }
end

--- @param view  as for `text`, and colours (of page.settle), cid: the picture's content id, without brackets
-- @return HTML
function body.html(view)
  local scope, texts = scope_of(view), view.words
  local values = setmetatable({
    cid = view.cid, brand = view.brand or "", band = view.brand and "16px 24px" or "6px",
    buttons = buttons(view, scope), systems = system_of(view, scope, "ios") .. system_of(view, scope, "android"),
    page = "", help = "",
  }, scope)
  if view.page_url then
    local opens = button(scope, texts.mail_page, view.page_url, texts.mail_page_note)
    values.page = html.fill(PAGE, setmetatable({ button = opens }, scope))
  end
  if view.help_url then
    values.help = html.fill(HELP, setmetatable({ help_url = view.help_url }, scope))
  end
  return html.fill(FRAME, values)
end

return body

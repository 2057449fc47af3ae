--- The main part of the install page: the symbol, the buttons, steps and what to type.

local html = require "esim.page.html"
local words = require "esim.words"

local install = {}

local MAIN = [[
<main data-state="install">
<div class="card hero">
<div>
<h1 tabindex="-1">{install_title}</h1>
<p class="lead">{install_lead}</p>
</div>
<section class="scan" aria-labelledby="scan">
<h2 id="scan">{scan_title}</h2>
<div class="qr">{+symbol}</div>
<p>{scan_lead}</p>
</section>
<section class="direct" aria-labelledby="direct">
<h2 id="direct">{direct_title}</h2>
<ul class="buttons">
{+buttons}</ul>
<p class="note">{direct_note}</p>
</section>
</div>
<section class="systems" aria-labelledby="steps">
<h2 id="steps">{steps_title}</h2>
{+systems}</section>
<ul class="care">
<li>{once}</li>
<li>{secret}</li>
</ul>
<p class="says" role="status"></p>
</main>
]]

local BUTTON = [[
<li data-platform="{platform}"><a class="button" href="{url}">{label} <small>{needs}</small></a></li>
]]

local SYSTEM = [[
<section class="card" data-platform="{platform}" aria-labelledby="{platform}">
<h3 id="{platform}">{name}</h3>
<ol class="steps">
<li>{first}</li>
<li>{second}</li>
<li>{third}</li>
</ol>
<div class="manual">
<p>{manual}{colon}</p>
<dl class="fields">
{+fields}</dl>
</div>
</section>
]]

local FIELD = [[
<div class="field"><dt>{label}</dt>
{+value}{+note}</div>
]]

local VALUE = [[
<dd><code id="{id}" dir="ltr">{value}</code>
{+copy}</dd>
]]

local COPY = [[
<button type="button" class="copy" hidden data-copies="{id}" data-done="{done}" data-failed="{failed}">{+face}</button>
]]
local FACE = '<span data-before="{copy}" data-after="{copied}">{copy}</span><span class="unseen"> {label}</span>'

local NOTE = '<dd class="remark">{note}</dd>\n'

-- A button that copies the text of another element; without a script it is not there.
local function copy_button(texts, id, label)
  return html.fill(COPY, {
    id = id, failed = texts.copy_failed, done = words.fill(texts.copied_what, { label = label }),
    face = html.fill(FACE, { copy = texts.copy, copied = texts.copied, label = label }),
  })
end

local function buttons(texts, links)
  local out = {}
  for i, platform in ipairs { "ios", "android", "windows" } do
    local needs = words.fill(texts.needs, { version = links.needs[platform] })
    out[i] = html.fill(BUTTON, {
      platform = platform, url = links[platform], label = texts["install_" .. platform],
      needs = platform == "android" and needs .. ", " .. texts.android_note or needs,
    })
  end
  return table.concat(out)
end

--- Something to type elsewhere, with a button that copies it.
-- @param texts  words
-- @param row    { label, value, note } as in profile:manual
-- @param id     of the element that holds the value
-- @return HTML, to stand in a dl
function install.field(texts, row, id)
  local value = ""
  if row.value and row.value ~= "" then
    value = html.fill(VALUE, { id = id, value = row.value, copy = copy_button(texts, id, row.label) })
  end
  return html.fill(FIELD, {
    label = row.label, value = value, note = row.note and html.fill(NOTE, { note = row.note }) or "",
  })
end

local function system(texts, platform, rows)
  local fields = {}
  for i, row in ipairs(rows) do
    fields[i] = install.field(texts, row, platform .. "-" .. i)
  end
  return html.fill(SYSTEM, {
    platform = platform, name = texts[platform], first = texts[platform .. "_step_1"],
    second = texts[platform .. "_step_2"], third = texts[platform .. "_step_3"],
    manual = texts[platform .. "_manual"], colon = texts.colon,
    fields = table.concat(fields),
  })
end

-- To those who do not see it, its name: what it holds stands below as text.
local function named(picture, name)
  return (picture:gsub("<svg ", function()
    return html.fill('<svg role="img" aria-label="{name}" ', { name = name })
  end, 1))
end

--- @param texts    words
-- @param profile  with an activation code
-- @param picture  SVG of the code's QR symbol
-- @return HTML
function install.main(texts, profile, picture)
  local manual = profile:manual { language = texts }
  return html.fill(MAIN, setmetatable({
    symbol = named(picture, texts.scan_alt), buttons = buttons(texts, profile:links()),
    systems = system(texts, "ios", manual.ios) .. system(texts, "android", manual.android),
  }, { __index = texts }))
end

return install

--- What the customer sees, as one self-contained HTML file each: readable without a script, and without anything from
-- elsewhere. Every text that is inserted is escaped.

local frame = require "esim.page.frame"
local html = require "esim.page.html"
local install = require "esim.page.install"
local misuse = require "esim.misuse"
local settle = require "esim.page.settle"

local page = {}

local PLAIN = [[
<main data-state="{state}">
<div class="card plainpage">
<h1 tabindex="-1">{title}</h1>
{+body}<p class="says" role="status"></p>
</div>
</main>
]]

local WAITING = [[
<main data-state="waiting"{+events}>
<div class="card plainpage">
<div>
<h1 tabindex="-1">{waiting_title}</h1>
<p class="lead">{waiting_lead}</p>
</div>
<div>
<h2 class="unseen">{stages}</h2>
<ol class="stages">
{+list}</ol>
</div>
{+status}</div>
</main>
]]

local NOW = { events = "string", status = "string" }
local STAGES = { "accepted", "making", "ready" }
local STAGE_OF = { ACCEPTED = 1, COMPLETED = 3 }  -- any other word of the provider: it is being made

local function paragraph(text)
  return html.fill("<p>{text}</p>\n", { text = text })
end

local function help_button(settled)
  local link = '<p><a class="button" href="{url}" rel="noopener noreferrer">{help}</a></p>\n'
  return settled.help_url and html.fill(link, { url = settled.help_url, help = settled.words.help }) or ""
end

local function plain(settled, state, title, body, live)
  return frame.page(settled, title, html.fill(PLAIN, { state = state, title = title, body = body }), live)
end

--- Check once what the pages are to look like.
-- @param options  brand: text; colour: "#rrggbb"; logo_svg: SVG document, shown on white; language: "en", "pt", "es",
--   "de", "fr", or a table of texts that replaces English ones by key; help_url: https:, http:, mailto: or tel: link
-- @param level    as for `error`, seen from our caller (1): where misuse raises
-- @return settled, for the functions below | nil, err of kind `invalid` with `field`
function page.settle(options, level)
  local settled, e = settle.options(options, "page.settle", (level or 1) + 1)
  return settled, e  -- no tail call, which would hide whose line it is
end

local function check_profile(profile, level)
  if not require("esim.profile").is(profile) then  -- not at the top: a profile needs this module
    error("page.install: profile must be what order:wait returned, not a " .. type(profile), level + 1)
  end
end

-- Whether there is a code that is malformed, and not a top-up, which has none.
local function is_broken(profile)
  return not profile:code() and not profile.topup
end

--- The page of a completed order: how to install the eSIM, or that a top-up needs no installation.
-- @param profile  of that order
-- @param settled  what page.settle returned
-- @return HTML, its Content-Security-Policy | nil, reason: the code is malformed, or makes no QR symbol
function page.install(profile, settled)
  check_profile(profile, 2)
  settle.check(settled, "page.install", 2)
  local texts = settled.words
  if is_broken(profile) then
    return nil, table.concat(profile.notes, "; ")
  elseif not profile:code() then
    return plain(settled, "topup", texts.topup_title, paragraph(texts.topup_text))
  end
  local symbol, reason = profile:qr()
  local picture = symbol and symbol:svg()
  if not picture then
    return nil, reason or "the QR symbol cannot be drawn"
  end
  return frame.page(settled, texts.install_title, install.main(texts, profile, picture))
end

-- A live region with what the script may have to say in it.
local STATUS = '<p class="status" role="status" data-accepted="{status_accepted}" data-making="{status_making}" '
  .. 'data-ready="{status_ready}" data-lost="{connection_lost}" data-trouble="{trouble}" '
  .. 'data-expired="{expired}">{now}</p>\n'

local function status(texts, now)
  return html.fill(STATUS, setmetatable({ now = now }, { __index = texts }))
end

local function stage_list(texts, reached)
  local out = {}
  for i, stage in ipairs(STAGES) do
    local done = i < reached or reached == #STAGES
    local mark = done and ' class="done"' or i == reached and ' aria-current="step"' or ""
    out[i] = html.fill('<li data-stage="{stage}"{+mark}>{text}</li>\n', {
      stage = stage, mark = mark, text = texts["stage_" .. stage],
    })
  end
  return table.concat(out)
end

--- The live page of an order that is not completed yet. With a script it follows the events and turns into what this
-- address shows then; without one it loads itself again.
-- @param settled  what page.settle returned
-- @param now      { events: URL of the server-sent events, or nil: it asks this address; status: the provider's word }
-- @return HTML, its Content-Security-Policy
function page.waiting(settled, now)
  settle.check(settled, "page.waiting", 2)
  now = misuse.gather(now or {}, NOW, "page.waiting", 2)
  local texts, reached = settled.words, STAGE_OF[now.status or "ACCEPTED"] or 2
  local main = html.fill(WAITING, setmetatable({
    events = now.events and html.fill(' data-events="{url}"', { url = now.events }) or "",
    list = stage_list(texts, reached), status = status(texts, texts["status_" .. STAGES[reached]]),
  }, { __index = texts }))
  return frame.page(settled, texts.waiting_title, main, true)
end

--- The page of an order that ended FAILED: what to do.
-- @param settled  what page.settle returned
-- @param id       the order's
-- @return HTML, its Content-Security-Policy
function page.failed(settled, id)
  settle.check(settled, "page.failed", 2)
  if type(id) ~= "string" then
    error("page.failed: id must be a string, not a " .. type(id), 2)
  end
  local texts = settled.words
  local number = install.field(texts, { label = texts.order_number, value = id }, "number")
  return plain(settled, "failed", texts.failed_title, paragraph(texts.failed_text) .. paragraph(texts.failed_do)
    .. '<dl class="fields">\n' .. number .. "</dl>\n" .. help_button(settled))
end

--- The page where the order cannot be looked at.
-- @param settled    what page.settle returned
-- @param temporary  whether it makes sense to wait: then the page looks again by itself
-- @return HTML, its Content-Security-Policy
function page.unavailable(settled, temporary)
  settle.check(settled, "page.unavailable", 2)
  local texts = settled.words
  if temporary then
    return plain(settled, "paused", texts.unavailable_title, status(texts, texts.unavailable_wait), true)
  end
  return plain(settled, "unavailable", texts.unavailable_title, paragraph(texts.unavailable_shop)
    .. help_button(settled))
end

return page

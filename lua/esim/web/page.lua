--- The install page as HTML: self-contained, without script. Every text that is inserted is escaped.

local page = {}

local STYLE = [[
body{margin:2em auto;max-width:32em;padding:0 1em;font:1em/1.5 sans-serif;color:#111;background:#fff}
svg{display:block;width:100%;max-width:16em;height:auto;margin:1em auto}
dt{font-weight:bold}
dd{margin:0 0 .5em;font-family:monospace;overflow-wrap:anywhere}
]]

local FRAME = [[
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<meta name="referrer" content="no-referrer">
<title>%s</title>
<style>%s</style>
</head>
<body>
<h1>%s</h1>
%s</body>
</html>
]]

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- A text as HTML, between tags or in a quoted attribute.
function page.escape(text)
  return (text:gsub("[&<>\"']", ENTITIES))
end

local function frame(title, body)
  title = page.escape(title)
  return FRAME:format(title, STYLE, title, body)
end

local function paragraph(text)
  return "<p>" .. page.escape(text) .. "</p>\n"
end

local function definition(term, text)
  return "<dt>" .. page.escape(term) .. "</dt><dd>" .. page.escape(text) .. "</dd>\n"
end

local function manual_lines(profile)
  local manual = profile:manual()
  local lines = {
    definition("SM-DP+ address", manual.address or ""), definition("Activation code", manual.matching_id),
    definition("Both in one line", profile:code()),
  }
  if manual.confirmation_code_required then
    lines[#lines + 1] = definition("Confirmation code", "needed: the shop tells it apart from this page")
  end
  return "<dl>\n" .. table.concat(lines) .. "</dl>\n"
end

--- The page of a completed order.
-- @return HTML | nil, reason: the code is malformed, or makes no QR symbol
function page.completed(profile)
  if not profile:code() and (profile.matching_id or profile.raw.lpa_url or profile.raw._lpa) then
    return nil, table.concat(profile.notes, "; ")
  elseif not profile:code() then
    return frame("Your eSIM is topped up", paragraph "There is nothing to install: the eSIM that you have goes on.")
  end
  local symbol, reason = profile:qr()
  if not symbol then
    return nil, reason
  end
  return frame("Install your eSIM", paragraph("Scan this code with the phone that gets the eSIM: in its settings, "
    .. "under mobile network or SIM, choose to add an eSIM. The code works once.")
    .. symbol:svg() .. paragraph "Or enter this there by hand:" .. manual_lines(profile)
    .. paragraph "Do not show this page to anybody: who has the code can take the line.")
end

--- The page of an order that is not completed yet.
function page.waiting()
  return frame("Your eSIM is on its way", paragraph "The order was accepted. This page looks again by itself.")
end

--- The page of an order that ended FAILED.
-- @param id  the order's
function page.failed(id)
  return frame("Your eSIM could not be made", paragraph "The order has failed. It will not be tried again by itself."
    .. paragraph("Tell the shop where you bought it, and this number: " .. id))
end

--- The page where the order cannot be looked at.
-- @param temporary  whether it makes sense to wait
function page.unavailable(temporary)
  return frame("Your eSIM cannot be shown now", paragraph(temporary
    and "The order stands. This page looks again by itself in a moment."
    or "The order stands, yet it cannot be looked at. Tell the shop where you bought it."))
end

--- The style sheet, for its hash.
function page.style()
  return STYLE
end

return page

-- What a program wrote to a terminal, as HTML that looks like one. Block elements are drawn, as terminals do: a font
-- would leave gaps between them.

local terminal = {}

local CELL, LINE = 10, 20  -- pixels of a character: its width, its height

local FRAME = [[
<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Terminal</title>
<style>
body{margin:0;padding:16px;width:max-content}
figure{margin:0;border-radius:10px;background:#15181e;color:#d7dce4;box-shadow:0 4px 14px rgba(0,0,0,.35)}
figcaption{display:flex;gap:8px;padding:12px 14px}
figcaption i{width:12px;height:12px;border-radius:50%%;background:#3a404c}
pre{margin:0;padding:4px 20px 20px;font:15px/%dpx "DejaVu Sans Mono",monospace}
pre div{min-height:%dpx}
pre b{display:inline-block;width:%dpx;height:%dpx;vertical-align:top;text-align:center;font-weight:normal}
</style></head>
<body><figure><figcaption><i></i><i></i><i></i></figcaption><pre>%s</pre></figure></body></html>
]]

local BLOCKS = {  -- what is in the upper half, what in the lower one: ink (1) or ground (2)
  ["█"] = { 1, 1 }, ["▀"] = { 1, 2 }, ["▄"] = { 2, 1 }, [" "] = { 2, 2 },
}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

local BASIC = { "#000000", "#cd3131", "#0dbc79", "#e5e510", "#2472c8", "#bc3fbc", "#11a8cd", "#e5e5e5" }

-- A colour of the 256 (xterm's): eight, eight brighter ones, a cube of 216, 24 greys.
local function indexed(n)
  if n < 16 then
    return BASIC[n % 8 + 1]
  elseif n >= 232 then
    return ("#%02x%02x%02x"):format(8 + 10 * (n - 232), 8 + 10 * (n - 232), 8 + 10 * (n - 232))
  end
  local function level(step)
    return step == 0 and 0 or 55 + 40 * step
  end
  n = n - 16
  return ("#%02x%02x%02x"):format(level(math.floor(n / 36)), level(math.floor(n / 6) % 6), level(n % 6))
end

-- Select graphic rendition (ECMA-48, section 8.3.117), as far as colours go.
local function render(colours, codes)
  codes = codes:gsub("%d+;5;%d+", function(code)
    local which, n = code:match("^(%d+);5;(%d+)$")
    colours[tonumber(which) == 38 and 1 or 2] = indexed(tonumber(n))
    return ""
  end):gsub("%d+;2;%d+;%d+;%d+", function(code)
    local which, r, g, b = code:match("^(%d+);2;(%d+);(%d+);(%d+)$")
    colours[tonumber(which) == 38 and 1 or 2] = ("#%02x%02x%02x"):format(r, g, b)
    return ""
  end)
  if codes == "0" or codes == "" then
    colours[1], colours[2] = nil, nil
  end
end

local function cell(character, colours)
  local halves = BLOCKS[character]
  if halves and colours[2] then
    local upper, lower = colours[halves[1]], colours[halves[2]]
    return ("<b style='background:linear-gradient(%s 50%%,%s 50%%)'></b>"):format(upper, lower)
  end
  return ("<b>%s</b>"):format(ENTITIES[character] or character)
end

-- Each line begins without a colour, as what writes to a terminal ought to see to.
local function line_of(text)
  local out, colours = {}, {}
  for codes, rest in ("\27[0m" .. text):gmatch("\27%[([%d;]*)m([^\27]*)") do
    render(colours, codes)
    for character in rest:gmatch("[%z\1-\127\194-\244][\128-\191]*") do
      out[#out + 1] = cell(character, colours)
    end
  end
  return "<div>" .. table.concat(out) .. "</div>"
end

--- @param command  as it was typed
-- @param text     what it wrote, with its escapes
-- @return HTML
function terminal.html(command, text)
  local lines = {}
  for line in (text:gsub("\n*$", "\n")):gmatch("(.-)\n") do
    lines[#lines + 1] = line_of(line)
  end
  return FRAME:format(LINE, LINE, CELL, LINE, line_of("$ " .. command) .. table.concat(lines))
end

return terminal

--- HTML from templates: what is inserted is text, and stays text.

local html = {}

local ENTITIES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- A text as HTML, between tags or in a quoted attribute.
function html.escape(text)
  return (text:gsub("[&<>\"']", ENTITIES))
end

--- Fill a template in one go: what is inserted is not looked at again.
-- @param template  `{name}` takes a text, which is escaped; `{+name}` takes HTML that was made here
-- @param values    table: name = string
-- @return HTML
function html.fill(template, values)
  return (template:gsub("{(%+?)([%l_%d]+)}", function(markup, name)
    local value = values[name] or error("no value for " .. name)
    return markup == "+" and value or html.escape(value)
  end))
end

return html

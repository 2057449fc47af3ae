-- A headless Chromium for specs: opens pages as a phone, a tablet or a desktop does, and tells what becomes of them. It
-- ends with the spec, whatever the outcome. The work is done by browser.js.

local assert = require "luassert"
local curl = require "spec.support.curl"
local eventually = require "spec.support.eventually"
local json = require "esim.json"
local output_of = require "spec.support.output_of"
local scratch = require "spec.support.scratch"

local browser = {}

local FOLDER = "build/browser"  -- of the pictures
local SECONDS = 60  -- that an answer may take

local Browser, Page = {}, {}
Browser.__index, Page.__index = Browser, Page

local function read_file(name)
  local file = assert(io.open(name, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

-- As a list also where it is empty: that is JSON's empty object else.
local function list_of(values)
  return #values == 0 and "[]" or assert(json.encode(values))
end

function Browser:ask(question, ...)
  local got = curl.post(self.url .. question, list_of { ... }, { seconds = SECONDS })
  local said = got.body and json.decode(got.body)
  if not said or said.error then
    error("browser: " .. question .. ": " .. tostring(said and said.error or self:log()), 2)
  end
  return said.value
end

--- Start it.
-- @return browser with the methods below
function browser.start()
  local log = scratch()
  local pid = output_of(("setsid node spec/support/browser.js %s >%s 2>&1 </dev/null & echo $!")
    :format(output_of("echo $PPID"), log))
  local self = setmetatable({ pid = pid, name = log, files = {} }, Browser)
  local port = eventually(function() return self:log():match("^port (%d+)") or not self:alive() and "" end)
  if not port or port == "" then
    local reason = self:log()
    self:stop()
    error("the browser did not start: " .. reason)
  end
  self.url = "http://127.0.0.1:" .. port .. "/"
  return self
end

function Browser:log()
  return read_file(self.name)
end

function Browser:alive()
  local ok = os.execute("kill -0 " .. self.pid .. " 2>/dev/null")
  return ok == true or ok == 0
end

--- End it, and Chromium with it.
-- @return whether it is gone
function Browser:stop()
  os.execute("kill -TERM " .. self.pid .. " 2>/dev/null")
  local gone = eventually(function() return not self:alive() end)
  os.execute("kill -KILL " .. self.pid .. " 2>/dev/null")
  os.remove(self.name)
  for _, name in ipairs(self.files) do os.remove(name) end
  return gone
end

-- A file of that page, until the browser ends.
function Browser:write(html)
  local name = scratch()
  os.remove(name)
  name = name .. ".html"
  local file = assert(io.open(name, "wb"))
  assert(file:write(html))
  assert(file:close())
  table.insert(self.files, name)
  return name
end

--- Open a page.
-- @param options  url, or html: its text, which is opened as a file; device: "iphone", "android", "tablet" or "desktop"
--   (the default); viewport = { width, height } of another size; dark; locale ("en-GB"); script = false: turned off;
--   clipboard: whether the page may use it; scale: pixels of a picture to one of the page's; before: JavaScript that
--   runs before the page's own
-- @return page with the methods below
function Browser:open(options)
  local all = {}
  for key, value in pairs(options) do all[key] = value end
  if options.html then
    all.html, all.url = nil, "file://" .. self:write(options.html)
  end
  local page = setmetatable({ browser = self, url = all.url }, Page)
  page.number = self:ask("open", all)
  return page
end

--- A way to a port of this machine that can be cut.
-- @return { port, cut, mend, hush: functions; hush keeps back what is under way now, without a word to either end }
function Browser:cable(port)
  local own = self:ask("cable", port)
  local function does(question)
    return function() self:ask(question, own) end
  end
  return { port = own, cut = does "cut", mend = does "mend", hush = does "hush" }
end

function Page:ask(question, ...)
  return self.browser:ask(question, self.number, ...)
end

--- What a JavaScript expression comes to in the page.
function Page:evaluate(expression)
  return self:ask("evaluate", expression)
end

--- What an expression comes to for each element `e` of a selector.
function Page:each(selector, expression)
  return self:evaluate(("[...document.querySelectorAll(%s)].map(e => %s)"):format(json.encode(selector), expression))
end

--- The texts of a selector's elements that can be seen.
function Page:texts(selector)
  return self:evaluate(([[
    [...document.querySelectorAll(%s)].filter(e => e.checkVisibility()).map(e => e.innerText.trim())
  ]]):format(json.encode(selector)))
end

function Page:text()
  return self:evaluate("document.body.innerText")
end

--- Wait until an expression is true.
function Page:await(expression)
  if not self:ask("await", expression) then
    error(expression .. " never came; the page begins with: " .. self:text():sub(1, 200), 2)  -- no code yet
  end
end

function Page:click(selector)
  self:ask("click", selector)
end

--- Turn the light on or off: "light", "dark".
function Page:scheme(name)
  self:ask("media", { colorScheme = name })
end

--- Show it in the few colours of a system's own (Windows' high contrast).
function Page:force_colours()
  self:ask("media", { forcedColors = "active" })
end

function Page:reload()
  self:ask("reload")
end

--- A picture of the whole page, in the build folder.
-- @param name     its name, without folder and ending
-- @param options  of playwright's, such as { fullPage = false }: of what is in sight
-- @return file name
function Page:screenshot(name, options)
  local file = ("%s/%s.png"):format(FOLDER, name)
  self:ask("screenshot", file, options or { fullPage = true })
  return file
end

--- How many sheets of paper it takes.
function Page:sheets(format)
  return self:ask("sheets", format)
end

--- What axe has to say against it: a list of texts.
function Page:violations()
  return self:ask("violations")
end

--- URLs that were asked for, in their order.
function Page:requests()
  return self:ask("seen").requests
end

--- Errors and warnings of the browser, dialogs, windows that were opened: a list of texts.
function Page:complaints()
  return self:ask("seen").complaints
end

--- How often it was loaded.
function Page:navigations()
  return self:ask("seen").navigations
end

function Page:close()
  self:ask("close")
end

--- What zbarimg reads in a picture: a list of texts.
function browser.scan(file)
  local list, said = {}, output_of("zbarimg --nodbus -q --raw " .. file .. " 2>/dev/null")
  for line in said:gmatch("[^\n]+") do list[#list + 1] = line end
  return list
end

return browser

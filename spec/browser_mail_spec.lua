-- The mail's HTML in a browser, for want of mail programs: it must be narrow enough for each, whatever stands in it.
-- What is tested is a browser, whichever Lua drives it: once is enough.
-- Only under LuaJIT.

local browser = require "spec.support.browser"
local esim = require "esim"
local profile = require "esim.profile"
local words = require "esim.words"

local chromium

setup(function() chromium = browser.start() end)
teardown(function() assert(chromium:stop()) end)

local short = profile.new { matchingId = "QR-G-5C-1LS-1W1Z9", smdpUrl = "rsp.truphone.com" }
local long = profile.new { lpa_url = "LPA:1$" .. ("a"):rep(60) .. "." .. ("b"):rep(40) .. ".example.com$"
  .. ("C"):rep(120) .. "$$1" }

local function plain(text)
  return (text:gsub("=\r\n", ""):gsub("=(%x%x)", function(digits) return string.char(tonumber(digits, 16)) end))
end

-- The HTML part, its picture as a data URI.
local function html_of(of, options)
  options.from, options.to = "shop@example.com", "ana@example.org"
  local message = assert(esim.mail(of, options))
  local html = plain(message:match "text/html; charset.-\r\n\r\n(.-)\r\n%-%-=_")
  local png = message:match "filename=\"esim%-qr%.png\"\r\n\r\n(.-)\r\n%-%-=_":gsub("%s", "")
  return (html:gsub('src="cid:[^"]*"', function() return 'src="data:image/png;base64,' .. png .. '"' end))
end

-- Nothing in it sticks out. Landmarks are those of the mail program that shows it.
local STICKS = "e.scrollWidth > e.clientWidth + 1 || e.getBoundingClientRect().right > innerWidth"

local function look(name, of, widths, options)
  for _, width in ipairs(widths) do
    local opened = chromium:open { html = html_of(of, options), viewport = { width = width, height = 600 }, scale = 2 }
    for _, sticks in ipairs(opened:each("td, h1, h2, p, img", STICKS)) do
      assert.is_false(sticks, name .. " at " .. width)
    end
    assert.same({ of:code() }, browser.scan(opened:screenshot(("mail-%s-%d"):format(name, width))))
    for _, said in ipairs(opened:violations()) do assert.truthy(said:find "^landmark" or said:find "^region", said) end
    assert.same({}, opened:complaints())
    opened:close()
  end
end

describe("the mail in a browser", function()
  for _, language in ipairs(words.LANGUAGES) do
    it("can be scanned and read on the narrowest phone, in " .. language, function()
      look(language, short, { 320 }, {
        language = language, brand = "Wander & Söhne", colour = "#0b6e4f", page_url = "https://example.com/page",
        help_url = "https://example.com/help",
      })
    end)
  end

  it("bears a long code, and long words in the brand and on the buttons", function()
    look("long", long, { 320, 800 }, {
      brand = ("W"):rep(100), colour = "#ffcc00", help_url = "tel:+49123",
      language = { install_ios = ("i"):rep(200), install_title = ("T"):rep(60), once = ("once"):rep(60) },
    })
  end)

  it("reads from right to left", function()
    look("rtl", short, { 320 }, { language = { lang = "he", dir = "rtl", install_title = "ה-eSIM שלך" } })
    local opened = chromium:open { html = html_of(short, { language = { lang = "he", dir = "rtl" } }) }
    local sides = opened:each("ol", "[getComputedStyle(e).paddingLeft, getComputedStyle(e).paddingRight]")
    assert.same({ "0px", "22px" }, sides[1])
    opened:close()
  end)
end)

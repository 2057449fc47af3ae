-- What an operator may set of the pages: his brand, his language, a link to help; and what is refused.

local html = require "esim.page.html"
local page = require "esim.page"
local pages = require "spec.support.pages"

local LOGO, made, settled, has, own_part = pages.LOGO, pages.made, pages.settled, pages.has, pages.own_part

local function refused(options, field)
  local look, e = page.settle(options)
  assert.is_nil(look)
  assert.equal("invalid " .. field, e.kind .. " " .. tostring(e.field))
  assert.is_string(tostring(e))
end

describe("the brand", function()
  it("is named at the top and in the title", function()
    local text = page.failed(settled { brand = "Lumo & Söhne" }, "o-1")
    assert.truthy(has(text, '<header class="top"><p class="brand">Lumo &amp; Söhne</p></header>'))
    assert.truthy(text:find("<title>[^<]+ – Lumo &amp; Söhne</title>"))
  end)

  it("has a logo as a picture of its own, in which nothing runs", function()
    local text = page.failed(settled { brand = "Lumo", logo_svg = LOGO }, "o-1")
    local data = text:match('<img class="logo" src="data:image/svg%+xml;base64,([%w+/=]+)" alt="Lumo">')
    assert.equal(require("esim.native").base64(LOGO), data)
    assert.is_false(has(own_part(text), "<path d="))
  end)

  it("may be missing, and empty texts are as none", function()
    local text = page.failed(settled { brand = "", colour = "", logo_svg = "", help_url = "" }, "o-1")
    assert.truthy(has(text, '<header class="top bare"></header>'))
    assert.truthy(has(text, "<title>Your eSIM could not be created</title>"))
    assert.is_false(has(text, "<footer"))
  end)

  it("is refused where it is no text", function()
    for _, brand in ipairs { "a\nb", "a\0b", "a\127", "\255", "Informa\231\227o", ("x"):rep(101), ("é"):rep(101) } do
      refused({ brand = brand }, "brand")
    end
    for _, character in ipairs { "x", "é", "𝔼" } do settled { brand = character:rep(100) } end
  end)

  it("has a logo that browsers show", function()
    for _, logo in ipairs {
      "logo.svg", "<svg></svg>", "<html><svg xmlns='http://www.w3.org/2000/svg'></svg></html>", LOGO .. "<p>",
      [[<!DOCTYPE svg [<!ENTITY a "b">]>]] .. LOGO, LOGO:gsub("/>", (" "):rep(65536) .. "/>"), "\137PNG\r\n",
    } do
      refused({ logo_svg = logo }, "logo_svg")
    end
    settled { logo_svg = '\239\187\191<?xml version="1.0" encoding="UTF-8"?>\n<!-- a -->\n' .. LOGO .. "\n" }
  end)
end)

describe("a help link", function()
  local GOOD = {
    "https://help.example", "http://help.example:8080/a?b=c&d=e#f", "HTTPS://help.example/", "https://[2001:db8::1]/",
    "mailto:help@example.com", "MailTo:help@example.com?subject=eSIM", "tel:+351-210-000-000", "tel:112",
  }
  for _, url in ipairs(GOOD) do
    it("may be " .. url, function()
      local text = own_part((page.failed(settled { help_url = url }, "o-1")))
      assert.truthy(has(text, '<a href="' .. html.escape(url) .. '" rel="noopener noreferrer">'))
    end)
  end

  local BAD = {
    "javascript:alert(1)", "JavaScript:alert(1)", "java\nscript:alert(1)", " javascript:alert(1)",
    "\1javascript:alert(1)", "javascript://a.example/%0aalert(1)", "https://a.example\njavascript:alert(1)",
    "&#106;avascript:x", "data:text/html,<script>", "vbscript:x", "file:///etc/passwd", "blob:https://a.example/1",
    "view-source:https://a.example", "lpa:1$a.b$c", "//a.example", "/help", "help.html", ":https://a.example",
    " https://a.example", "https://a.example ", "https\t://a.example", "https:", "https:/a", "https://", "https:///a",
    "https:a.example", "mailto:", "mailto:nobody", "mailto:nobody@", "tel:", "tel:javascript", "tel:+",
    'https://a.example/"onclick=alert(1)', "https://a.example/<b>", "https://a.example/'>",
    "https://ex\195\164mple.com", "https://a.example/\0", "https://a.example/\127", "https://a.example/\\b",
    "https://a.example/" .. ("a"):rep(2048),
  }
  for _, url in ipairs(BAD) do
    it("must not be " .. url:sub(1, 40):gsub("[%c\128-\255]", "?"), function()
      refused({ help_url = url }, "help_url")
    end)
  end

  it("keeps a quote that a URI may have inside its attribute", function()
    local text = own_part((page.failed(settled { help_url = "https://a.example/'onclick='x" }, "o-1")))
    assert.truthy(has(text, 'href="https://a.example/&#39;onclick=&#39;x"'))
  end)
end)

describe("options", function()
  it("of a wrong type raise at the caller's line", function()
    for _, options in ipairs {
      { brand = 1 }, { colour = true }, { logo_svg = {} }, { language = 1 }, { help_url = false },
      { colours = "#000000" }, "en", 1,
    } do
      for _, call in ipairs {
        function() local r = page.settle(options) return r end, function() local r = made():page(options) return r end,
      } do
        local ok, reason = pcall(call)
        assert.is_false(ok)
        assert.truthy(tostring(reason):find("page_options_spec.lua:%d+: "), tostring(reason))
      end
    end
  end)

  it("of a wrong value are an error that names them", function()
    for _, value in ipairs { "green", "#0a7d5", "#0a7d555", "0a7d55", "#0a7d5g", "#fff", "#0a7d55;}", "rgb(0,0,0)" } do
      refused({ colour = value }, "colour")
    end
    for _, value in ipairs { "xx", "EN", "../en", { copi = "x" }, { copy = 1 }, { copy = "a\nb" } } do
      refused({ language = value }, "language")
    end
  end)

  it("are not all that is checked: what else a page is given wrong raises at the caller's line too", function()
    local look, cheat = settled(), setmetatable({}, { __index = function() return 1 end })
    local cases = {
      ["page.install: profile"] = { page.install, look, { 1, "x", print, { code = print }, cheat } },
      ["page.failed: id"] = { page.failed, look, { 1, true, {}, cheat } },
      ["page.waiting"] = { page.waiting, look, { 1, "x", print, { events = 1 }, { status = {} }, { x = 1 }, cheat } },
      ["profile:code"] = { made().code, made(), { 1, "x", print, { prefix = 1 }, { prefx = false } } },
    }
    for name, case in pairs(cases) do
      for i, wrong in ipairs(case[3]) do
        local first, second = case[2], wrong
        if name == "page.install: profile" then first, second = wrong, look end
        local ok, reason = pcall(function() local r = case[1](first, second) return r end)
        assert.is_false(ok, name .. " " .. i)
        assert.truthy(tostring(reason):find("page_options_spec%.lua:%d+: " .. name), tostring(reason))
      end
    end
  end)

  it("must have been settled", function()
    for _, call in ipairs {
      function() local r = page.install(made(), {}) return r end,
      function() local r = page.waiting({}, {}) return r end,
      function() local r = page.failed(nil, "x") return r end,
      function() local r = page.unavailable("x") return r end,
    } do
      local ok, reason = pcall(call)
      assert.is_false(ok)
      assert.truthy(tostring(reason):find("page_options_spec.lua:%d+: .*page.settle"), tostring(reason))
    end
  end)
end)

-- The install page in a browser, as customers see it.
-- What is tested is a browser, whichever Lua drives it: once is enough.
-- Only under LuaJIT.

local browser = require "spec.support.browser"
local json = require "esim.json"
local page = require "esim.page"
local profile = require "esim.profile"
local words = require "esim.words"

local chromium

setup(function() chromium = browser.start() end)
teardown(function() assert(chromium:stop()) end)

local LOGO = [[<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" onload="alert('logo')">
<script>alert("logo")</script>
<circle cx="32" cy="32" r="28" fill="#0b6e4f"/><image href="http://logo.example.com/x.png"/></svg>]]
local OPTIONS = {
  brand = "Wander & Söhne", colour = "#0b6e4f", logo_svg = LOGO, help_url = "https://help.example.com/?a=1&b='2'",
}

local bought = profile.new {
  matchingId = "QR-G-5C-1LS-1W1Z9", smdpUrl = "rsp.truphone.com", iccid = "8944478600000205337",
}

local function with(changes)
  local all = {}
  for _, list in ipairs { OPTIONS, changes or {} } do
    for key, value in pairs(list) do all[key] = value end
  end
  return all
end

local function settled(changes)
  return assert(page.settle(with(changes)))
end

local function open(options, made)
  local all = { html = assert((made or bought):page(with(options.page))) }
  for key, value in pairs(options) do all[key] = value end
  all.page = nil
  return chromium:open(all)
end

-- It asked for nothing but itself, and the browser has nothing to complain of.
local function assert_quiet(opened)
  assert.same({ opened.url }, opened:requests())
  assert.same({}, opened:complaints())
end

local function hrefs(opened)
  return opened:each("main a[href]", "e.getAttribute('href')")
end

describe("the install page in a browser", function()
  for _, device in ipairs { "iphone", "android", "tablet", "desktop" } do
    for _, language in ipairs { "en", "pt" } do
      it(("can be scanned and read on %s in %s, light and dark"):format(device, language), function()
        local opened = open { device = device, page = { language = language } }
        assert.equal(language, opened:evaluate "document.documentElement.lang")
        assert.is_true(opened:evaluate "document.documentElement.scrollWidth <= innerWidth")
        for _, scheme in ipairs { "light", "dark" } do
          opened:scheme(scheme)
          local file = opened:screenshot(("install-%s-%s-%s"):format(device, scheme, language))
          assert.same({ bought:code() }, browser.scan(file))
          assert.same({}, opened:violations())
        end
        assert_quiet(opened)
        opened:close()
      end)
    end
  end

  it("has the right links, the platform's own first on a phone", function()
    local links = bought:links()
    for device, first in pairs { iphone = "ios", android = "android", desktop = false } do
      local opened = open { device = device }
      local here, found = hrefs(opened), {}
      for _, href in ipairs(here) do found[href] = true end
      for _, name in ipairs { "ios", "android", "windows" } do assert.truthy(found[links[name]], name) end
      if first then assert.equal(links[first], here[1]) end
      opened:close()
    end
  end)

  -- The first button of each text that is copied, and that text.
  local function copy_all(opened, read)
    local count = opened:evaluate "document.querySelectorAll('button.copy').length"
    local copied = {}
    for i = 0, count - 1 do
      opened:evaluate(("document.querySelectorAll('button.copy')[%d].setAttribute('data-now', '%d')"):format(i, i))
      local selector = ("[data-now='%d']"):format(i)
      if opened:evaluate(("document.querySelector(\"%s\").checkVisibility()"):format(selector)) then
        opened:click(selector)
        copied[read()] = true
      end
    end
    return copied
  end

  local function assert_all_copied(copied)
    local manual = bought:manual()
    for _, text in ipairs { manual.address, manual.matching_id } do assert.truthy(copied[text], json.encode(copied)) end
  end

  it("copies what is to be entered by hand", function()
    local opened = open { device = "iphone", clipboard = true }
    assert_all_copied(copy_all(opened, function() return opened:evaluate "navigator.clipboard.readText()" end))
    assert_quiet(opened)
    opened:close()
  end)

  it("copies without the browser's clipboard too, and says so where it cannot", function()
    local other = open { clipboard = true }
    local opened = open { before = "Object.defineProperty(navigator, 'clipboard', { value: undefined })" }
    assert_all_copied(copy_all(opened, function() return other:evaluate "navigator.clipboard.readText()" end))
    opened:close()
    opened = open { before = "Object.defineProperty(navigator, 'clipboard', { value: undefined });"
      .. "document.execCommand = () => false" }
    opened:evaluate "[...document.querySelectorAll('button.copy')].find(e => e.checkVisibility()).click()"
    opened:await(("document.body.innerText.includes(%s)"):format(json.encode(words.of("en").copy_failed)))
    opened:close()
    other:close()
  end)

  it("can be read without scripts", function()
    local opened = open { script = false, device = "android" }
    assert.same({ bought:code() }, browser.scan(opened:screenshot "without-scripts"))
    assert.same({}, opened:texts "button")
    local text = opened:evaluate "document.body.textContent"
    for _, value in ipairs { bought.smdp, bought.matching_id } do assert.truthy(text:find(value, 1, true), value) end
    assert.truthy(#hrefs(opened) >= 3)
    opened:close()
  end)

  -- WCAG 2.2, 1.4.10 and 1.4.4: nothing is cut, and nobody scrolls in two directions.
  it("is as narrow as its screen, whatever is written in it, and with letters twice as large", function()
    local wide, own = ("Donaudampfschifffahrt"):rep(4), {}
    for key in pairs(words.of "en") do own[key] = key ~= "lang" and key ~= "dir" and wide or nil end
    local all = settled { brand = ("W"):rep(100), logo_svg = "", language = own }
    local long = profile.new { lpa_url = "LPA:1$" .. ("a"):rep(60) .. ".example.com$" .. ("QR5C"):rep(40) .. "$$1" }
    for _, html in ipairs {
      (page.install(long, all)), (page.waiting(all)), (page.failed(all, wide)), (page.unavailable(all, false)),
    } do
      for _, width in ipairs { 320, 1000 } do
        local opened = chromium:open { html = html, viewport = { width = width, height = 700 } }
        for _, size in ipairs { "100%", "200%" } do
          opened:evaluate("document.documentElement.style.fontSize = '" .. size .. "'")
          assert.equal(width, opened:evaluate "document.documentElement.scrollWidth", size)
        end
        opened:close()
      end
    end
  end)

  it("can be scanned where a system shows it in colours of its own", function()
    local opened = open { dark = true }
    opened:force_colours()
    assert.same({ bought:code() }, browser.scan(opened:screenshot "forced-colours"))
    opened:close()
  end)

  it("is printed on one sheet, in every language", function()
    local long = "LPA:1$a-rather-long-name.rsp.truphone.com$" .. ("QR-G-5C-1LS-"):rep(6) .. "$$1"
    for _, language in ipairs(words.LANGUAGES) do
      for _, made in ipairs { bought, profile.new { lpa_url = long } } do
        local opened = open({ page = { language = language } }, made)
        assert.same({ 1, 1 }, { opened:sheets "A4", opened:sheets "Letter" }, language)
        opened:close()
      end
    end
  end)
end)

describe("hostile texts", function()
  local NASTY = [["'><script>alert(1)</script><img src=http://evil.example.com/ onerror=alert(2)>&lt;{{x}}]]

  -- It stays text: nothing runs, nothing is asked for, no element of it is there.
  local function assert_harmless(opened, sees)
    opened:await "document.readyState === 'complete'"
    assert.is_true(opened:evaluate "document.scripts.length <= 1")
    assert.equal(0, opened:evaluate "document.querySelectorAll('[onerror], [src^=http]').length")
    if sees then assert.truthy(opened:evaluate("document.body.textContent"):find(NASTY, 1, true)) end
    assert_quiet(opened)
    opened:close()
  end

  local function texts()
    local all = {}
    for key, text in pairs(words.of "en") do
      all[key] = (key == "lang" or key == "dir") and text or text .. NASTY
    end
    return all
  end

  it("stay text in the brand, the help link and each text of a language", function()
    local options = { brand = NASTY, help_url = "https://help.example.com/?'+alert(1)//", language = texts() }
    assert_harmless(open { page = options }, true)
    local all = settled(options)
    for _, html in ipairs {
      (page.failed(all, NASTY)), (page.unavailable(all, false)), (page.waiting(all, { status = NASTY })),
      (page.install(profile.new { iccid = NASTY, subscription_id = NASTY }, all)),
    } do
      -- The waiting page asks for itself in a while, which a slow machine would see: a file cannot.
      assert_harmless(chromium:open { html = html, before = "window.fetch = () => new Promise(() => {})" }, true)
    end
  end)

  it("stay text in the provider's fields, or make no page", function()
    local all = settled()
    local shown = 0
    for _, output in ipairs {
      { matchingId = NASTY, smdpUrl = "rsp.truphone.com" }, { matchingId = "QR-G", smdpUrl = NASTY },
      { lpa_url = "LPA:1$rsp.truphone.com$" .. NASTY }, { iccid = NASTY },
      { matchingId = "QR-G", smdpUrl = "rsp.truphone.com", iccid = NASTY, subscription_id = NASTY, qrcode_url = NASTY },
    } do
      local html = page.install(profile.new(output), all)
      if html then
        shown = shown + 1
        assert_harmless(chromium:open { html = html })
      end
    end
    assert.equal(2, shown)
  end)

  it("stay text in the link to the events, which leads nowhere then", function()
    local opened = chromium:open { html = (page.waiting(settled(), { events = "/" .. NASTY, status = "ACCEPTED" })) }
    opened:await "document.readyState === 'complete'"
    assert.is_true(opened:evaluate "document.scripts.length <= 1")
    assert.is_nil(table.concat(opened:complaints(), "\n"):find("dialog", 1, true))
    opened:close()
  end)
end)

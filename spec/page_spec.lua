-- What the customer sees: what stands in the pages, and what must not.

local html = require "esim.page.html"
local page = require "esim.page"
local pages = require "spec.support.pages"
local profile = require "esim.profile"
local scratch = require "spec.support.scratch"
local script = require "esim.page.script"
local style = require "esim.page.style"
local words = require "esim.words"

local ID, CODE, LOGO = pages.ID, pages.CODE, pages.LOGO
local made, settled, has, own_part = pages.made, pages.settled, pages.has, pages.own_part
local NASTY = [[</script><script>alert("x")</script><img src=x onerror='alert(1)'>&{brand}%1]]

-- Every page there is, with the same options.
local function every(options)
  local look = settled(options)
  return {
    install = page.install(made(), look), confirm = page.install(made(CODE .. "$$1"), look),
    topup = page.install(profile.new { iccid = "8944" }, look), failed = page.failed(look, "o-1"),
    waiting = page.waiting(look, { events = "/esim/events/x", status = "FULFILLING" }),
    polling = page.waiting(look, {}), paused = page.unavailable(look, true),
    unavailable = page.unavailable(look, false),
  }
end

describe("the install page", function()
  it("holds the code as symbol, as links and as what to type", function()
    local text = page.install(made(), settled())
    local links = made():links()
    assert.truthy(has(text, '<svg role="img" aria-label="QR code that installs your eSIM" '))
    for platform, link in pairs { ios = links.ios, android = links.android, windows = links.windows } do
      local button = ('<li data-platform="%s"><a class="button" href="%s">'):format(platform, html.escape(link))
      assert.truthy(has(text, button), platform)
    end
    for label, value in pairs {
      ["SM-DP+ Address"] = "rsp.example.com", ["Activation Code"] = ID,
      ["Activation code"] = "1$rsp.example.com$" .. ID,
    } do
      assert.truthy(text:find("<dt>" .. label:gsub("%p", "%%%0") .. "</dt>%s*<dd><code id=\"%w+%-%d\" dir=\"ltr\">"
        .. value:gsub("%p", "%%%0") .. "</code>"), label)
    end
    assert.is_nil(text:find("Confirmation", 1, true))
  end)

  it("says which versions the links need, and that Android's is not sure", function()
    local text = page.install(made(), settled())
    for _, part in ipairs { "iOS 17.4 or later", "Android 10 or later, most phones", "Windows 11 24H2 or later" } do
      assert.truthy(has(text, part), part)
    end
  end)

  it("has the same steps and fields in every language", function()
    for _, language in ipairs(words.LANGUAGES) do
      local texts = words.of(language)
      local text = page.install(made(CODE .. "$$1"), settled { language = language })
      assert.truthy(has(text, '<html lang="' .. language .. '" dir="ltr">'))
      for _, key in ipairs {
        "install_title", "install_lead", "install_ios", "install_android", "install_windows", "scan_title", "scan_lead",
        "ios_step_1", "ios_step_2", "ios_step_3", "ios_manual", "ios_address", "ios_code", "ios_confirmation",
        "android_step_1", "android_step_2", "android_step_3", "android_manual", "android_code", "android_confirmation",
        "confirmation_note", "copy", "copied", "secret", "once",
      } do
        assert.truthy(has(text, html.escape(texts[key])), language .. " " .. key)
      end
    end
  end)

  it("has a space before a colon in French, which keeps both in one line", function()
    local text = page.install(made(), settled { language = "fr" })
    assert.equal(2, select(2, text:gsub("saisissez\194\160:</p>", "")))
  end)

  it("may be in a language of the operator's own", function()
    local text = page.install(made(), settled { language = { lang = "he", dir = "rtl", copy = "העתקה" } })
    assert.truthy(has(text, '<html lang="he" dir="rtl">'))
    assert.truthy(has(text, ">העתקה<"))
    assert.truthy(has(text, "Step by step"))
  end)

  it("has a copy button for each thing to copy, hidden until the script shows it", function()
    local text = page.install(made(CODE .. "$$1"), settled())
    local count = 0
    for button, id in text:gmatch('(<button type="button" class="copy" hidden data%-copies="([%w-]+)"[^>]*>)') do
      count = count + 1
      assert.truthy(has(text, '<code id="' .. id .. '" dir="ltr">'), id)
      assert.truthy(button:find(' copied."', 1, true), button)
    end
    assert.equal(3, count)
  end)

  it("has no field for an empty matching id", function()
    local text = page.install(made "LPA:1$rsp.example.com$", settled())
    assert.truthy(has(text, "leave it empty"))
    assert.is_nil(text:find('id="ios%-2"'))
  end)

  it("has nothing to install for a top-up", function()
    local text = page.install(profile.new { iccid = "8944", subscription_id = "s" }, settled())
    assert.truthy(has(text, "topped up"))
    for _, part in ipairs { "<svg", "href=", "<code", 'class="copy"' } do
      assert.is_false(has(own_part(text), part), part)
    end
  end)

  it("is none where the code cannot be used: that is no top-up", function()
    for _, output in ipairs {
      { lpa_url = "LPA:2$rsp.example.com" }, { matchingId = "QR-G" }, { matching_id = "QR-G", smdpUrl = "no host" },
      { matchingId = NASTY, smdpUrl = NASTY, lpa_url = NASTY },
    } do
      local text, reason = page.install(profile.new(output), settled())
      assert.is_nil(text)
      assert.is_string(reason)
      assert.is_nil(reason:find("<", 1, true))
    end
  end)

  it("comes from profile:page too", function()
    local text, more = made():page { brand = "Lumo", colour = "#0a7d55", language = "pt" }
    assert.truthy(has(text, "<title>Instale o seu eSIM – Lumo</title>"))
    assert.is_nil(more)  -- for file:write(assert(…))
    assert.truthy(has(made():page(), "Install your eSIM"))
    local none, e = made():page { colour = "green" }
    assert.is_nil(none)
    assert.equal("invalid colour", e.kind .. " " .. e.field)
    none, e = made("LPA:2$x$y"):page {}
    assert.is_nil(none)
    assert.equal("answer", e.kind)
  end)
end)

describe("the live page", function()
  local function waiting(status, events)
    return page.waiting(settled(), { status = status, events = events })
  end

  local CASES = {  -- word, stages that are done, the one that is current
    { "ACCEPTED", "", "accepted" }, { "FULFILLING", "accepted", "making" }, { "FULFILING", "accepted", "making" },
    { "IN_PROGRESS", "accepted", "making" }, { NASTY, "accepted", "making" },
    { "COMPLETED", "accepted making ready", "" },
  }
  for _, case in ipairs(CASES) do
    it("shows how far it is at " .. case[1]:sub(1, 12), function()
      local done, current = {}, ""
      for stage, mark in waiting(case[1]):gmatch('<li data%-stage="(%l+)"([^>]*)>') do
        if mark == ' class="done"' then done[#done + 1] = stage end
        if mark == ' aria-current="step"' then current = stage end
      end
      assert.equal(case[2], table.concat(done, " "))
      assert.equal(case[3], current)
    end)
  end

  it("begins with the order accepted where nothing is known", function()
    assert.truthy(has(waiting(), ">The order was accepted.</p>"))
  end)

  it("knows where the events are, and asks its own address where there are none", function()
    assert.truthy(has(waiting("ACCEPTED", "/esim/events/a.1&b"), ' data-events="/esim/events/a.1&amp;b"'))
    assert.is_false(has(own_part(waiting "ACCEPTED"), "data-events"))
  end)

  it("tells a screen reader what changes", function()
    for _, text in ipairs { waiting "ACCEPTED", (page.unavailable(settled(), true)) } do
      assert.truthy(text:find('<p class="status" role="status" [^>]*data%-lost="The connection was lost'))
    end
  end)

  it("loads itself again where no script runs, and only while there is something to wait for", function()
    for name, text in pairs(every {}) do
      local live = name == "waiting" or name == "polling" or name == "paused"
      assert.equal(live, has(text, '<noscript><meta http-equiv="refresh" content="5"></noscript>'), name)
    end
  end)
end)

describe("the page of a failed order", function()
  it("says what to do, and the number", function()
    local text = page.failed(settled { help_url = "tel:+351-210-000-000" }, "o-1=")
    assert.truthy(has(text, "will not be tried again by itself"))
    assert.truthy(has(text, "Contact the shop where you bought it"))
    assert.truthy(has(text, '<code id="number" dir="ltr">o-1=</code>'))
    assert.truthy(has(text, '<a class="button" href="tel:+351-210-000-000"'))
  end)

  it("keeps a hostile number text", function()
    local text = own_part((page.failed(settled(), NASTY)))
    assert.truthy(has(text, html.escape(NASTY)))
    assert.is_false(has(text, "<script"))
    assert.is_false(has(text, "<img"))
  end)
end)

describe("every page", function()
  it("states the policy that it is served with, and the hashes are those of its style and its script", function()
    for name, text in pairs(every { brand = "Lumo" }) do
      local policy = text:match('<meta http%-equiv="Content%-Security%-Policy" content="([^"]*)">'):gsub("&#39;", "'")
      assert.equal(style.TEXT, text:match("<style>(.-)</style>"), name)
      assert.equal(script.TEXT, text:match("<script>(.-)</script>"), name)
      local nonce = text:match('<style nonce="([^"]*)">')
      local live = name == "waiting" or name == "polling" or name == "paused"
      assert.equal("default-src 'none'; base-uri 'none'; form-action 'none'; style-src '" .. style.HASH .. "' 'nonce-"
        .. nonce .. "'; script-src '" .. script.HASH .. "'; img-src data:" .. (live and "; connect-src 'self'" or ""),
        policy, name)
    end
    local _, policy = page.failed(settled(), "o-1")
    assert.truthy(policy:find("^default%-src 'none'"))
  end)

  it("has a nonce of its own", function()
    local look, seen = settled(), {}
    for _ = 1, 50 do
      local _, policy = page.failed(look, "o-1")
      local nonce = policy:match("'nonce%-([%w-]+)'")
      assert.is_nil(seen[nonce])
      seen[nonce] = true
    end
  end)

  it("has the hashes that OpenSSL makes of its style and its script", function()
    for name, part in pairs { style = style, script = script } do
      local file = scratch()
      local out = assert(io.open(file, "wb"))
      out:write(part.TEXT)
      out:close()
      local pipe = io.popen("openssl dgst -sha256 -binary " .. file .. " | openssl base64 -A")
      local hash = pipe:read("*a")
      pipe:close()
      os.remove(file)
      assert.equal("sha256-" .. hash, part.HASH, name)
      assert.equal(51, #part.HASH)
    end
  end)

  it("loads nothing and sends nothing: what links there are go to the systems' dialogues and to help", function()
    local allowed = { ["https://help.example/"] = true }
    for _, code in ipairs { CODE, CODE .. "$$1" } do
      local links = made(code):links()
      allowed[links.ios], allowed[links.android], allowed[links.windows] = true, true, true
    end
    for name, text in pairs(every { brand = "Lumo", logo_svg = LOGO, help_url = "https://help.example/" }) do
      local own = own_part(text)
      for part in ("<link <iframe <form <object <embed <base url( @import srcset= action= style="):gmatch("%S+") do
        assert.is_false(has(own, part), name .. " " .. part)
      end
      for event in own:gmatch("%s(on%l+)%s*=") do
        error(name .. " " .. event)
      end
      for url in own:gmatch('href="([^"]*)"') do
        assert.truthy(allowed[url], name .. " " .. url)
      end
      for url in own:gmatch('src="([^"]*)"') do
        assert.truthy(url:find("^data:image/svg%+xml;base64,[%w+/=]+$"), name .. " " .. url)
      end
      assert.equal(0, select(2, own:gsub("<script", "")), name)
    end
    for name, part in pairs { style = style.TEXT, script = script.TEXT } do
      for word in ("http: https: url( @import eval( Function( innerHTML outerHTML insertAdjacentHTML document.write </")
        :gmatch("%S+") do
        assert.is_false(has(part, word), name .. " " .. word)
      end
    end
  end)

  it("is not indexed, and tells nobody where the customer comes from", function()
    for name, text in pairs(every {}) do
      assert.truthy(has(text, '<meta name="robots" content="noindex, nofollow">'), name)
      assert.truthy(has(text, '<meta name="referrer" content="no-referrer">'), name)
    end
  end)

  it("has one main, one first heading, and a name for every part", function()
    for name, text in pairs(every { brand = "Lumo", help_url = "https://help.example/" }) do
      local own, ids = own_part(text), {}
      assert.equal(1, select(2, own:gsub("<main ", "")), name)
      assert.equal(1, select(2, own:gsub("<h1 ", "")), name)
      assert.truthy(own:find('<main data%-state="%l+"'), name)
      for id in own:gmatch('%sid="([^"]*)"') do
        assert.is_nil(ids[id], id)
        ids[id] = true
      end
      for id in own:gmatch('aria%-labelledby="([^"]*)"') do
        assert.truthy(ids[id], id)
      end
    end
  end)

  it("holds the code only where it is installed", function()
    for name, text in pairs(every {}) do
      local is_install = name == "install" or name == "confirm"
      assert.equal(is_install, has(text, ID), name)
    end
  end)
end)

describe("hostile texts", function()
  it("stay text, whatever option they come by", function()
    local texts = {}
    for key in pairs(words.of()) do
      texts[key] = key ~= "lang" and key ~= "dir" and NASTY .. key or nil
    end
    for name, text in pairs(every { brand = NASTY, language = texts, logo_svg = LOGO }) do
      local own = own_part(text)
      for _, part in ipairs { "<script", 'alert("x")', "<img src=x", "onerror='", "</script" } do
        assert.is_false(has(own, part), name .. " " .. part)
      end
      assert.truthy(has(own, "&lt;/script&gt;"), name)
      assert.equal(1, select(2, own:gsub("<img ", "")), name)
    end
  end)

  it("stay text in the provider's fields", function()
    local evil = profile.new {
      matchingId = ID, smdpUrl = "rsp.example.com", lpa_url = CODE, iccid = NASTY, subscription_id = NASTY,
      qrcode_url = "javascript:alert(1)",
    }
    local function without_nonce(text) return (own_part(text):gsub("nonce[^;>]*", "")) end
    assert.equal(without_nonce(page.install(made(), settled())), without_nonce(page.install(evil, settled())))
  end)

  it("are escaped, between tags and in attributes", function()
    assert.equal("&lt;a href=&quot;x&quot;&gt;&amp;&#39;{b}", html.escape [[<a href="x">&'{b}]])
    assert.equal("<p>{b}&lt;</p>", html.fill("<p>{a}</p>", { a = "{b}<", b = "never" }))
    assert.equal("<p><b></p>", html.fill("<p>{+a}</p>", { a = "<b>" }))
    assert.is_false((pcall(html.fill, "{a}", {})))
  end)
end)

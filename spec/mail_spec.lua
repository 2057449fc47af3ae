-- The mail that hands out an eSIM, as another parser (Python's) reads it.

local cjson = require "cjson"
local esim = require "esim"
local profile = require "esim.profile"
local scratch = require "spec.support.scratch"
local words = require "esim.words"

local CODE = "LPA:1$rsp.example.com$AB-CDEFG-HIJKLM"

local function bought(more)
  local output = { matchingId = "AB-CDEFG-HIJKLM", smdpUrl = "rsp.example.com", lpa_url = CODE }
  for name, value in pairs(more or {}) do output[name] = value or nil end
  return profile.new(output)
end

local function options(more)
  local all = { from = "Shop <shop@example.com>", to = "ana@example.org" }
  for name, value in pairs(more or {}) do all[name] = value end
  return all
end

local function run(command, bytes)
  local name = scratch()
  local file = assert(io.open(name, "wb"))
  file:write(bytes)
  file:close()
  local pipe = io.popen((command:gsub("FILE", name)))
  local said = pipe:read "*a"
  pipe:close()
  os.remove(name)
  return said
end

local function read(message)
  local said = run("/usr/bin/python3 spec/support/mail.py <FILE 2>&1", message)
  assert.equal("{", said:sub(1, 1), said)
  local mail = cjson.decode(said)
  mail.header = {}
  for _, header in ipairs(mail.headers) do
    assert.equal(0, header[3], header[1])                       -- defects
    assert.is_nil(mail.header[header[1]], header[1] .. " twice")
    mail.header[header[1]] = header[2]
  end
  mail.text, mail.html = mail.body.parts[1].text, mail.body.parts[2].parts[1].text
  mail.picture = mail.body.parts[2].parts[2]
  return mail
end

local function sent(more, of)
  return read(assert(esim.mail(of or bought(), options(more))))
end

local function bytes_of(hex)
  return (hex:gsub("%x%x", function(pair) return string.char(tonumber(pair, 16)) end))
end

local function has(text, part)
  assert.truthy(text:find(part, 1, true), part .. " is not in " .. text)
end

local function has_not(text, part)
  assert.is_nil(text:find(part, 1, true))
end

local function escaped(text)
  return (text:gsub("[&<>\"']", { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }))
end

describe("a mail", function()
  it("has a text, and as its better alternative HTML with the picture", function()
    local mail = sent()
    assert.equal("multipart/alternative", mail.body.type)
    local plain, related = mail.body.parts[1], mail.body.parts[2]
    assert.equal(2, #mail.body.parts)
    assert.same({ "text/plain", "quoted-printable" }, { plain.type, plain.encoding })
    assert.same({ "multipart/related", "text/html" }, { related.type, related.related })
    assert.equal(2, #related.parts)
    assert.same({ "text/html", "quoted-printable" }, { related.parts[1].type, related.parts[1].encoding })
    assert.same({ "image/png", "base64", "inline", "esim-qr.png" },
      { mail.picture.type, mail.picture.encoding, mail.picture.disposition, mail.picture.filename })
  end)

  it("shows the code's picture by its content id", function()
    local mail = sent()
    local png = bytes_of(mail.picture.hex)
    local symbol = esim.qr(CODE)
    assert.is_true(png == symbol:png { scale = math.ceil(480 / (symbol.size + 8)) })
    assert.equal(CODE .. "\n", run("zbarimg -q --nodbus --raw FILE 2>/dev/null", png))
    has(mail.html, '<img src="cid:' .. mail.picture.cid:match "^<(.*)>$" .. '" width="240" height="240"')
    has_not(mail.html, "data:")
    assert.not_equal(mail.picture.cid, sent().picture.cid)
    local alt = mail.html:match 'alt="(.-)"'
    assert.equal(words.of().scan_alt, alt)
  end)

  it("has the headers that a sender needs, once each", function()
    local before = os.time()
    local mail = sent()
    assert.same({ { "Shop", "shop@example.com" } }, mail.boxes.From)
    assert.same({ { "", "ana@example.org" } }, mail.boxes.To)
    assert.equal("1.0", mail.header["MIME-Version"])
    assert.equal("auto-generated", mail.header["Auto-Submitted"])
    assert.equal("Your eSIM is ready to install", mail.header.Subject)
    assert.is_true(mail.seconds >= before and mail.seconds <= os.time())
    assert.truthy(mail.header["Message-ID"]:find "^<[%x-]+@example%.com>$")
    assert.not_equal(mail.header["Message-ID"], sent().header["Message-ID"])
    assert.is_nil(mail.header.Bcc)
  end)

  it("has those that were given", function()
    local mail = sent {
      subject = "Olá, Ana: o teu eSIM", date = 1893456000, message_id = "4711@shop.example.com",
      reply_to = '"Help, now" <help@example.com>', from = "Nómada <a.b+c@example.com>",
    }
    assert.equal("Olá, Ana: o teu eSIM", mail.header.Subject)
    assert.equal(1893456000, mail.seconds)
    assert.equal("<4711@shop.example.com>", mail.header["Message-ID"])
    assert.same({ { "Help, now", "help@example.com" } }, mail.boxes["Reply-To"])
    assert.same({ { "Nómada", "a.b+c@example.com" } }, mail.boxes.From)
  end)

  it("keeps long and odd texts of headers as they are, in lines of 78 characters", function()
    local texts = {
      ("é"):rep(150), ("Zürich 東京 🎉 "):rep(12) .. "x", ("a"):rep(300), ("a"):rep(59), "=?UTF-8?B?SGk=?=",
      'a "b" \\ <c@example.com>, d', ('"'):rep(60), " ", "  two spaces around  ", "a ", " a", ("\\ "):rep(29),
    }
    for _, text in ipairs(texts) do
      local from = '"' .. text:gsub('[\\"]', "\\%0") .. '" <shop@example.com>'
      local message = assert(esim.mail(bought(), options { subject = text, from = from }))
      local mail = read(message)
      assert.equal(text, mail.header.Subject)
      assert.same({ text, "shop@example.com" }, mail.from)
      assert.is_nil(message:find(" \r\n", 1, true))                -- which is lost on the way
      for line in message:gmatch "(.-)\r\n" do assert.is_true(#line <= 78, line) end
    end
  end)

  it("takes names with and without quotes", function()
    local names = {
      ["Shop"] = "Shop", ["Smith, Ana"] = "Smith, Ana", ["ana@example.com"] = "ana@example.com", ['"a, b"'] = "a, b",
      ['"<a@example.com>, b"'] = "<a@example.com>, b", ['the "Shop"!'] = 'the "Shop"!',
      ['"a \\"b\\" \\\\"'] = 'a "b" \\',
      ['""'] = "",
    }
    for given, name in pairs(names) do
      assert.same({ { name, "shop@example.com" } }, sent({ from = given .. " <shop@example.com>" }).boxes.From)
    end
  end)

  it("has no line that a mail store takes for the begin of another mail", function()
    local text = ("From here "):rep(39)
    local message = assert(esim.mail(bought(), options { brand = "From the shop", help_url = "https://example.com",
      language = { install_lead = text, once = text .. "=", mail_secret = "From now on" } }))
    assert.is_nil(message:find("\nFrom ", 1, true))
    local mail = read(message)
    assert.equal(1, (mail.text:find("From the shop", 1, true)))
    for _, part in ipairs { text, text .. "=", "\nFrom now on" } do has(mail.text:gsub("\r", ""), part) end
    for line in message:gmatch "(.-)\r\n" do assert.is_true(#line <= 78, line) end
  end)

  it("has no bare line break, and no line too long for SMTP, whatever stands in it", function()
    local of = bought { smdpUrl = ("a"):rep(60) .. "." .. ("b"):rep(60) .. ".example.com", matchingId = ("C"):rep(90),
      lpa_url = false }
    local message = assert(esim.mail(of, options {
      page_url = "https://example.com/" .. ("p"):rep(2000), brand = ("é"):rep(100),
    }))
    assert.is_nil(message:gsub("\r\n", ""):find "[\r\n]")
    for line in message:gmatch "(.-)\r\n" do assert.is_true(#line <= 78, line) end
    has(read(message).text, "https://example.com/" .. ("p"):rep(2000) .. "\r\n")
    assert.is_nil(message:find "[\128-\255]")
  end)
end)

describe("a mail's text and HTML", function()
  for _, language in ipairs(words.LANGUAGES) do
    it("say all that is needed without a picture, in " .. language, function()
      local mail, texts = sent { language = language, page_url = "https://example.com/p?a=1&b=2",
        help_url = "mailto:help@example.com", brand = "Nómada" }, words.of(language)
      local links = bought():links()
      assert.equal(language, mail.header["Content-Language"])
      has(mail.header.Subject, "Nómada")
      has(mail.html, '<html lang="' .. language .. '" dir="ltr">')
      for _, part in ipairs {
        links.ios, links.android, "https://example.com/p?a=1&b=2", "mailto:help@example.com", "Nómada",
        "rsp.example.com", "AB-CDEFG-HIJKLM", "1$rsp.example.com$AB-CDEFG-HIJKLM",
        texts.install_title, texts.ios_step_1, texts.ios_step_2, texts.android_step_1, texts.android_step_2,
        texts.mail_step_3, texts.ios_address, texts.ios_code, texts.android_code, texts.once, texts.mail_secret,
        texts.mail_page, texts.mail_direct_note,
      } do
        has(mail.text, part)
        has(mail.html, escaped(part))
      end
      has(mail.html, "<br>" .. escaped(texts.android_prefix))
      has(mail.html, escaped(texts.mail_scan_lead))
    end)
  end

  it("have a space before a colon in French, which keeps both in one line", function()
    local mail = sent({ language = "fr", page_url = "https://example.com/p", help_url = "https://example.com/h" },
      bought { smdpUrl = false, matchingId = false, lpa_url = CODE .. "$$1" })
    for _, label in ipairs { "Adresse SM-DP+", "Code d’activation", "Code de confirmation", "Obtenir de l’aide",
      "Ouvrir la page d’installation", "Installer sur iPhone (iOS 17.4 ou ultérieur)", "et saisissez" } do
      has(mail.text, label .. "\194\160:")
      has_not(mail.text, label .. ":")
    end
    assert.equal(2, select(2, mail.html:gsub("saisissez\194\160:", "")))
  end)

  it("say that an activation code is to be left empty", function()
    local mail, texts = sent(nil, bought { matchingId = false, lpa_url = "LPA:1$rsp.example.com$" }), words.of()
    has(mail.text, texts.ios_code .. ": " .. texts.code_empty)
    has(mail.html, escaped(texts.code_empty))
  end)

  it("tell of a confirmation code without speaking of a page", function()
    local of = bought { smdpUrl = false, matchingId = false, lpa_url = CODE .. "$$1" }
    local mail, texts = sent(nil, of), words.of()
    for _, part in ipairs { mail.text, mail.html } do
      has(part, texts.ios_confirmation)
      has(part, texts.confirmation_note)
      has_not(part, "this page")
    end
  end)

  it("are in words of the operator's own, and from right to left", function()
    local mail = sent { language = { lang = "he", dir = "rtl", install_title = "ה-eSIM שלך", mail_subject = "מוכן" } }
    has(mail.html, '<html lang="he" dir="rtl">')
    assert.truthy(mail.html:find '<body[^>]*>%s*<table [^>]*lang="he" dir="rtl"')  -- some drop <html> and <body>
    assert.equal(3, select(2, mail.html:gsub('<span dir="ltr"', "")))               -- what is entered by hand
    has(mail.text, "ה-eSIM שלך")
    assert.equal("מוכן", mail.header.Subject)
  end)

  it("have buttons in the brand's colour, with words that can be read on it", function()
    has(sent({ colour = "#ffcc00" }).html, 'bgcolor="#ffcc00" style="background:#ffcc00;border:1px solid #')
    has_not(sent({ colour = "#ffffff" }).html, "border:1px solid #ffffff")
    has(sent({ colour = "#ffcc00" }).html, "color:#000000;font-weight:bold;text-decoration:none")
    has(sent({ colour = "#0b3d2e" }).html, "color:#ffffff;font-weight:bold;text-decoration:none")
  end)

  it("have no colour that the page has not", function()
    local page = require("esim.page.style").TEXT:lower()
    for colour in sent({ colour = "#0b3d2e" }).html:gmatch "#%x%x%x%x%x%x" do
      assert.truthy(colour == "#0b3d2e" or page:find(colour, 1, true), colour)
    end
  end)

  it("keep hostile texts as texts", function()
    local brand = [[</td><script>alert(1)</script>{+help}"'&{cid}]]
    local mail = sent { brand = brand, help_url = "https://example.com/?a='&b=(c)", language = {
      help = "<b onclick='x'>help</b>", install_title = "{once}</title>",
    } }
    for _, part in ipairs { "<script", "<b ", "</title></title>", "href='", "{once}</title><" } do
      has_not(mail.html, part)
    end
    has(mail.html, escaped(brand))
    has(mail.html, 'href="https://example.com/?a=&#39;&amp;b=(c)"')
    has(mail.text, brand)
    assert.equal("Your eSIM from " .. brand, mail.header.Subject)
    assert.equal(1, select(2, mail.html:gsub("<img ", "")))
  end)
end)

describe("a mail is refused", function()
  local LONG_TAG = { lang = "en-" .. ("x"):rep(40) }
  local REFUSED = {
    from = {
      "shop", "shop@", "@example.com", "a b@example.com", "a@b@example.com", "shop@example.com\r\nBcc: x@example.com",
      "Shop\r\nBcc: x@example.com <shop@example.com>", "shop@example.com, x@example.com", "<shop@example.com", "",
      "Shop <shop@example.com> <x@example.com", "sh\0op@example.com", "\233 <shop@example.com>", "josé@example.com",
      "shop@exämple.com", ".a@example.com", "a..b@example.com", "a@-.", "\"a b\"@example.com",
      ("a"):rep(65) .. "@example.com", "a@" .. ("b."):rep(125) .. "com", "a@-b.example.com",
      "a@" .. ("b"):rep(64) .. ".com",
      "Ana <ana@example.org>, Bob <bob@example.org>", '"Ana" <ana@example.org>, "Bob" <bob@example.org>',
      "ana@example.org, Bob <bob@example.org>", '"a\\" <a@example.com>', "a\226\128\168b <a@example.com>",
      "a@" .. ("b"):rep(260), "Shop <>", "Shop <us> <a@example.com>", "Shop\127 <shop@example.com>",
    },
    subject = {
      "a\nb", "a\rb", "a\0b", "a\r\n\r\nb", "\233", "a\194\133b", "a\226\128\168b", "a\226\128\169b", ("x"):rep(401),
      "a\tb",
    },
    message_id = { "x", "<a@b", "a b@c", "a@b>\r\nX: y", "a@b\r\n", "a@b>\0" },
    page_url = {
      "javascript:alert(1)", "/page", "http:", "https://", "mailto:a@example.com", "tel:1", "https://a/\"><script>",
      "https://a b", "https://a\r\nb", "JavaScript:alert(1)//https://example.com", "https://é.example.com",
    },
    help_url = { "javascript:alert(1)", "data:text/html,x" }, colour = { "red", "#fff" }, language = { "xx", LONG_TAG },
    brand = { "a\r\nb", "\233" }, logo_svg = { "<img>" }, date = { -1, 1e300 },
  }
  REFUSED.to, REFUSED.reply_to = REFUSED.from, { REFUSED.from[1], REFUSED.from[6], REFUSED.from[7] }

  for field, values in pairs(REFUSED) do
    it("for its " .. field, function()
      for _, value in ipairs(values) do
        local message, e = esim.mail(bought(), options { [field] = value })
        assert.is_nil(message, tostring(value))
        assert.same({ "invalid", field }, { e.kind, e.field })
      end
    end)
  end

  it("for a top-up", function()
    for _, none in ipairs { false, "" } do
      local message, e = esim.mail(profile.new { matchingId = none, smdpUrl = none, lpa_url = none }, options())
      assert.is_nil(message)
      assert.same({ "invalid", "profile" }, { e.kind, e.field })
      has(tostring(e), "top-up")
    end
  end)

  it("for a code that cannot be used, which is not told", function()
    local message, e = esim.mail(bought { matchingId = false, lpa_url = "LPA:1$rsp$SECRETIVE" }, options())
    assert.is_nil(message)
    assert.equal("answer", e.kind)
    has(tostring(e), "malformed")
    has_not(tostring(e), "SECRETIVE")
  end)

  it("at the caller's line where it is misused", function()
    local wrong = {
      { bought(), nil }, { bought(), "x" }, { bought(), {} }, { bought(), { from = "a@example.com" } },
      { bought(), options { cc = "x@example.com" } }, { bought(), options { bcc = "x@example.com" } },
      { bought(), options { subject = 1 } }, { bought(), options { brand = 1 } },
      { bought(), options { language = 1 } },
      { bought(), options { date = "now" } }, { nil, options() }, { CODE, options() }, { {}, options() },
      { { links = print }, options() }, { setmetatable({}, { __index = bought() }), options() },
    }
    for i, case in ipairs(wrong) do
      local ok, said = pcall(function()
        local message = esim.mail(case[1], case[2])
        return message
      end)
      assert.is_false(ok, i)
      assert.truthy(said:find "^[^\n]*mail_spec%.lua:%d+: esim%.mail", i .. ": " .. said)
    end
  end)

  it("in one sentence where LuaSocket is not there", function()
    local searched, preload, loaded = package.path, package.preload.ltn12, package.loaded.ltn12
    package.path, package.preload.ltn12, package.loaded.ltn12 = "lua/?.lua", nil, nil
    local ok, said = pcall(esim.mail, bought(), options())
    package.path, package.preload.ltn12, package.loaded.ltn12 = searched, preload, loaded
    assert.is_false(ok)
    has(said, "esim.mail needs LuaSocket")
    assert.is_string(esim.mail(bought(), options()))
  end)

  it("not for empty columns of a data base", function()
    local mail = sent {
      subject = "", brand = "", page_url = "", help_url = "", colour = "", reply_to = "", message_id = "",
    }
    assert.equal("Your eSIM is ready to install", mail.header.Subject)
    assert.is_nil(mail.header["Reply-To"])
    has_not(mail.html, words.of().mail_page)
  end)
end)

it("LuaSocket is asked for by the first mail alone", function()
  local said = run((os.getenv "ESIM_LUA" or "lua5.4") .. " FILE 2>&1",
    'require "esim" local is = package.loaded print(is.mime, is.ltn12, is.socket)')
  assert.equal("nil\tnil\tnil\n", said)
end)

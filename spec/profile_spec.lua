-- What a completed order gives to install, also where the provider garbled it.

local cjson = require "cjson"
local code = require "esim.code"
local json = require "esim.json"
local profile = require "esim.profile"

local ID = "AB-CDEFG-HIJKLM"
local CODE = "LPA:1$rsp.example.com$" .. ID

local function output(changes)
  local all = {
    matchingId = ID, iccid = "8944478600000205337", smdpUrl = "rsp.example.com", lpa_url = CODE,
    qrcode_url = "https://qr.example.com/" .. CODE, subscription_id = "s-1=",
  }
  for key, value in pairs(changes or {}) do
    all[key] = value ~= cjson.null and value or nil
  end
  return all
end

local NONE = cjson.null

-- what came, the code that is given (false: none), a word of the note (nil: no note)
local CASES = {
  { "everything in order", {}, CODE },
  { "an address with scheme and slash", { smdpUrl = "https://rsp.example.com/" }, CODE },
  { "an address with a slash alone", { smdpUrl = "rsp.example.com/" }, CODE },
  { "an address with a scheme in upper case", { smdpUrl = "HTTPS://rsp.example.com//" }, CODE },
  { "an address in another case", { smdpUrl = "RSP.example.com" }, CODE },
  { "an lpa_url in lower case", { lpa_url = "lpa:1$rsp.example.com$" .. ID }, CODE },
  { "an lpa_url without LPA:", { lpa_url = CODE:sub(5) }, CODE },
  { "no lpa_url", { lpa_url = NONE }, CODE, "missing" },
  { "an empty lpa_url", { lpa_url = "" }, CODE, "missing" },
  { "an lpa_url that is no text", { lpa_url = 1 }, CODE, "missing" },
  { "an lpa_url as in the provider's sample", { lpa_url = "LPA:1$%rsp.example.com$%" .. ID }, CODE, "malformed" },
  { "a percent-encoded lpa_url", { lpa_url = "LPA%3A1%24rsp.example.com%24" .. ID }, CODE, "malformed" },
  { "an lpa_url with another address", { lpa_url = "LPA:1$rsp.other.com$" .. ID }, CODE, "disagreed" },
  { "an lpa_url with another id", { lpa_url = "LPA:1$rsp.example.com$X" }, CODE, "disagreed" },
  { "no smdpUrl", { smdpUrl = NONE }, CODE, "lpa_url" },
  { "a smdpUrl that is no address", { smdpUrl = "not an address" }, CODE, "lpa_url" },
  { "no matchingId but an lpa_url", { matchingId = NONE }, CODE, "lpa_url" },
  { "a matchingId with what no code can hold", { matchingId = "a b" }, CODE, "lpa_url" },
  { "a matchingId with _ and .", { matchingId = "TS48_v1.2", lpa_url = "LPA:1$rsp.example.com$TS48_v1.2" },
    "LPA:1$rsp.example.com$TS48_v1.2" },
  { "such a matchingId without lpa_url", { matchingId = "TS48_v1.2", lpa_url = NONE },
    "LPA:1$rsp.example.com$TS48_v1.2", "missing" },
  { "such an lpa_url alone", { matchingId = NONE, smdpUrl = NONE, lpa_url = "LPA:1$rsp.example.com$TS48_v1.2" },
    "LPA:1$rsp.example.com$TS48_v1.2", "lpa_url" },
  { "an lpa_url with an OID and a flag", { lpa_url = CODE .. "$1.3.6$1" }, CODE .. "$1.3.6$1" },
  { "an lpa_url with an empty id alone", { matchingId = NONE, lpa_url = "LPA:1$rsp.example.com$" },
    "LPA:1$rsp.example.com$" },
  { "nothing that makes a code", { smdpUrl = NONE, lpa_url = NONE }, false, "no activation code" },
  { "nothing but a malformed lpa_url", { smdpUrl = NONE, lpa_url = "LPA:2$x$y" }, false, "cannot be rebuilt" },
  { "a top-up", { matchingId = NONE, smdpUrl = NONE, lpa_url = NONE, qrcode_url = NONE }, false, "top-up" },
}

describe("a profile of", function()
  for _, case in ipairs(CASES) do
    it(case[1], function()
      local made = profile.new(output(case[2]))
      assert.equal(case[3] or nil, made:code())
      assert.equal(case[4] and 1 or 0, #made.notes, made.notes[1])
      if case[4] then assert.truthy(made.notes[1]:find(case[4], 1, true), made.notes[1]) end
    end)

    it(case[1] .. " says the same to type, to scan and to read", function()
      local made = profile.new(output(case[2]))
      if not case[3] then
        assert.is_nil(made:manual())
        assert.is_nil(made:links())
        assert.is_nil(made:code { prefix = false })
        local symbol, reason = made:qr()
        assert.is_nil(symbol)
        assert.is_string(reason)
        return
      end
      local fields = assert(code.parse(made:code(), { lenient = true }))
      local manual = made:manual()
      assert.equal(fields.smdp, manual.address)
      assert.equal(fields.matching_id, manual.matching_id)
      assert.equal(fields.confirmation_code_required, manual.confirmation_code_required)
      assert.equal(made:code { prefix = false }, manual.code)
      assert.equal("LPA:" .. made:code { prefix = false }, made:code())
      assert.equal("M", assert(made:qr { boost = false }).level)
    end)

    it(case[1] .. " has no secret under tostring or in a note", function()
      local made = profile.new(output(case[2]))
      local said = tostring(made) .. table.concat(made.notes)
      for _, secret in ipairs { ID, "TS48", "rsp.", "LPA:", "qr." } do
        assert.is_nil(said:find(secret, 1, true), said)
      end
    end)
  end
end)

describe("a profile's fields", function()
  it("are the provider's, as texts", function()
    local came = output()
    local made = profile.new(came)
    assert.equal("8944478600000205337", made.iccid)
    assert.equal(ID, made.matching_id)
    assert.equal("rsp.example.com", made.smdp)
    assert.equal("s-1=", made.subscription_id)
    assert.equal(came.qrcode_url, made.qrcode_url)
    assert.equal(came, made.raw)
  end)

  it("are read in the later version's spelling too", function()
    local made = profile.new { matching_id = ID, smdp_url = "rsp.example.com", _lpa = CODE:sub(5) }
    assert.equal(CODE, made:code())
    assert.same({}, made.notes)
  end)

  it("have no number for an ICCID: what JSON made a number has lost its digits", function()
    for _, text in ipairs { '{"iccid":8944478600000205337}', '{"iccid":1}', '{"iccid":null}', '{"iccid":""}' } do
      assert.is_nil(profile.new(json.decode(text)).iccid)
    end
    assert.equal("08944", profile.new(json.decode '{"iccid":"08944"}').iccid)
  end)

  it("are not judged by their check digits", function()
    assert.equal("8944478600000205338", profile.new(output { iccid = "8944478600000205338" }).iccid)
  end)

  it("survive whatever the provider says", function()
    local values = { "", " ", "\0", "LPA:", "1$", "$$$", "https://", 0, -1, true, false, {}, ("x"):rep(300), "%" }
    local names = { "matchingId", "iccid", "smdpUrl", "lpa_url", "qrcode_url", "subscription_id" }
    math.randomseed(7)
    for _ = 1, 3000 do
      local changes = {}
      for _, name in ipairs(names) do
        if math.random(3) > 1 then changes[name] = values[math.random(#values)] end
      end
      local made = profile.new(output(changes))
      local text = made:code()
      assert.truthy(text == nil and #made.notes > 0 or code.parse(text, { lenient = true }))
      assert.is_string(tostring(made))
    end
  end)
end)

describe("a profile's links", function()
  it("open the dialogue of each system, and say from which version on", function()
    local links = profile.new(output()):links()
    local data = "LPA%3A1%24rsp.example.com%24" .. ID
    assert.equal("https://esimsetup.apple.com/esim_qrcode_provisioning?carddata=" .. data, links.ios)
    assert.equal("https://esimsetup.android.com/esim_qrcode_provisioning?carddata=" .. data, links.android)
    assert.equal("lpa:1$rsp.example.com$" .. ID, links.windows)
    assert.same({ ios = "iOS 17.4", android = "Android 10", windows = "Windows 11 24H2" }, links.needs)
    assert.truthy(links.notes.android:find("not documented by Google", 1, true))
  end)

  it("lose nothing of the longest kind of code", function()
    local text = "LPA:1$rsp.example.com:8443$TS48_v1.2$1.3.6.1$1"
    local links = profile.new { lpa_url = text }:links()
    assert.equal(text, require("esim.percent").decode(links.ios:match("carddata=(.*)")))
    assert.equal(text, require("esim.percent").decode(links.android:match("carddata=(.*)")))
    assert.equal(text, (links.windows:gsub("^lpa:", "LPA:")))
  end)

  it("hold nothing that ends a link or an attribute", function()
    for name, link in pairs(profile.new { lpa_url = "LPA:1$rsp.example.com:8443$TS48_v1.2$1.3.6.1$1" }:links()) do
      assert.truthy(type(link) == "table" or link:find("^[%w:/?=%%$._-]+$"), name)
    end
  end)
end)

describe("what to type", function()
  local function rows(made, system, language)
    local out = {}
    for _, row in ipairs(made:manual { language = language }[system]) do
      out[#out + 1] = row.label .. "=" .. (row.value or "?")
    end
    return out
  end

  it("is named as iOS and Android name it", function()
    local made = profile.new(output())
    assert.same({ "SM-DP+ Address=rsp.example.com", "Activation Code=" .. ID }, rows(made, "ios"))
    assert.same({ "Activation code=1$rsp.example.com$" .. ID }, rows(made, "android"))
    assert.same({ "SM-DP+-Adresse=rsp.example.com", "Aktivierungscode=" .. ID }, rows(made, "ios", "de"))
    assert.same({ "Endereço SM-DP+=rsp.example.com", "Código de ativação=" .. ID }, rows(made, "ios", "pt"))
    assert.same({ "Dirección SM-DP+=rsp.example.com", "Código de activación=" .. ID }, rows(made, "ios", "es"))
    assert.same({ "Adresse SM-DP+=rsp.example.com", "Code d’activation=" .. ID }, rows(made, "ios", "fr"))
    assert.same({ "Server=rsp.example.com", "Activation Code=" .. ID }, rows(made, "ios", { ios_address = "Server" }))
  end)

  it("has a place for the confirmation code, and not the code", function()
    local made = profile.new(output { lpa_url = CODE .. "$$1" })
    local ios = { "SM-DP+ Address=rsp.example.com", "Activation Code=" .. ID, "Confirmation Code=?" }
    assert.same(ios, rows(made, "ios"))
    assert.same({ "Activation code=" .. made:code { prefix = false }, "Confirmation code=?" }, rows(made, "android"))
    assert.is_string(made:manual().ios[3].note)
    assert.is_string(made:manual().android[2].note)
  end)

  it("says that an empty matching id is left empty", function()
    local row = profile.new { lpa_url = "LPA:1$rsp.example.com$" }:manual().ios[2]
    assert.same({ label = "Activation Code", value = "", note = "leave it empty" }, row)
  end)

  it("refuses a language that is not there, and raises for what is none", function()
    local made = profile.new(output())
    local manual, e = made:manual { language = "xx" }
    assert.is_nil(manual)
    assert.equal("invalid", e.kind)
    assert.equal("language", e.field)
    for _, options in ipairs { { language = 1 }, { lang = "en" }, "en" } do
      local ok, reason = pcall(made.manual, made, options)
      assert.is_false(ok)
      assert.is_string(reason)
    end
  end)

  it("names the line of the misuse", function()
    local made = profile.new(output())
    for _, options in ipairs { { language = 1 }, { lang = "en" } } do
      local ok, reason = pcall(function() local r = made:manual(options) return r end)
      assert.is_false(ok)
      assert.truthy(reason:find("profile_spec.lua:%d+: "), reason)
    end
  end)
end)

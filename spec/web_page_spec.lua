-- The install page: what stands in it, and what must not. Outside of nginx the handlers say where they belong.

local page = require "esim.web.page"
local profile = require "esim.profile"

local NASTY = [[<script>alert("x")</script>&'<b>]]

local function made(output)
  return page.completed(profile.new(output))
end

describe("the install page", function()
  it("escapes what is inserted", function()
    assert.equal("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&amp;&#39;&lt;b&gt;", page.escape(NASTY))
    local html = page.failed(NASTY)
    assert.truthy(html:find(page.escape(NASTY), 1, true))
    assert.is_nil(html:find("<script", 1, true))
    assert.is_nil(html:find("<b>", 1, true))
  end)

  it("holds the code as symbol and as lines to type", function()
    local html = made { matchingId = "QR-G-5C-1LS-1W1Z9", smdpUrl = "rsp.truphone.com", iccid = "8944" }
    assert.truthy(html:find("<svg", 1, true))
    for _, text in ipairs { "rsp.truphone.com", "QR-G-5C-1LS-1W1Z9", "LPA:1$rsp.truphone.com$QR-G-5C-1LS-1W1Z9" } do
      assert.truthy(html:find("<dd>" .. text .. "</dd>", 1, true), text)
    end
    assert.is_nil(html:find("Confirmation code", 1, true))
  end)

  it("asks for the confirmation code where one is needed", function()
    local html = made { lpa_url = "LPA:1$rsp.truphone.com$QR-G$$1" }
    assert.truthy(html:find("<dt>Confirmation code</dt>", 1, true))
  end)

  it("has nothing to install for a top-up", function()
    local html = made { iccid = "8944", subscription_id = "s" }
    assert.truthy(html:find("topped up", 1, true))
    assert.is_nil(html:find("<svg", 1, true))
  end)

  it("is none where the code cannot be used: that is no top-up", function()
    for _, output in ipairs {
      { lpa_url = "LPA:2$rsp.truphone.com" }, { matchingId = "QR-G" }, { matching_id = "QR-G", smdpUrl = "no host" },
    } do
      assert.is_nil((made(output)))
    end
  end)

  it("loads nothing, runs nothing, sends nothing", function()
    local pages = {
      made { matchingId = "QR-G", smdpUrl = "rsp.truphone.com" }, page.waiting(), page.failed("x"),
      page.unavailable(true), page.unavailable(false),
    }
    for _, html in ipairs(pages) do
      for word in ("<script <img <form <link <iframe http%-equiv style= href= src= url%( onload="):gmatch("%S+") do
        assert.is_nil(html:find(word), word)
      end
      assert.equal(page.style(), html:match("<style>(.-)</style>"))
    end
  end)
end)

describe("esim.web outside of nginx", function()
  it("says where it belongs", function()
    local ok, reason = pcall(require, "esim.web")
    assert.is_false(ok)
    assert.truthy(tostring(reason):find("esim.web is for nginx with its Lua module (OpenResty)", 1, true))
  end)
end)

-- The install page in a browser, as customers see it; first that the browser notices what it is asked about.
-- What is tested is a browser, whichever Lua drives it: once is enough.
-- Only under LuaJIT.

local browser = require "spec.support.browser"

local chromium

setup(function() chromium = browser.start() end)
teardown(function() assert(chromium:stop()) end)

local function document(body, head)
  return "<!DOCTYPE html><html lang='en'><head><meta charset='utf-8'><title>Title</title>" .. (head or "")
    .. "</head><body>" .. body .. "</body></html>"
end

describe("the specs' browser", function()
  local function open(body, head, options)
    local all = { html = document(body, head) }
    for key, value in pairs(options or {}) do all[key] = value end
    return chromium:open(all)
  end

  local function complains(page, word)
    page:await "document.readyState === 'complete'"
    local said = table.concat(page:complaints(), "\n")
    page:close()
    assert.truthy(said:find(word, 1, true), said)
  end

  it("hears scripts that run, raise, ask and open windows", function()
    complains(open("<script>console.error('something')</script>"), "something")
    complains(open("<script>null.x</script>"), "raised: ")
    complains(open("<script>alert('me')</script>"), "dialog: me")
    complains(open("<script>open('about:blank')</script>"), "a window")
  end)

  it("hears what a policy forbids", function()
    local policy = "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'\">"
    complains(open("<p style='color:red'>x</p>", policy), "Content Security Policy")
    complains(open("<script>document.title = 'ran'</script>", policy), "Content Security Policy")
  end)

  it("sees each request, and lets none out", function()
    local page = open "<img alt='' src='http://shop.example.com/a.png'><img alt='' src='data:image/gif;base64,R0lGOD'>"
    page:await "document.readyState === 'complete'"
    local list = page:requests()
    assert.same({ 2, "http://shop.example.com/a.png" }, { #list, list[2] })
    assert.truthy(table.concat(page:complaints()):find("ERR_NAME_NOT_RESOLVED", 1, true))
    page:close()
  end)

  it("finds what keeps people out", function()
    local said = table.concat(open("<p style='color:#aaa'>pale</p><img src='data:,'>"):violations(), "\n")
    for _, rule in ipairs { "color-contrast", "image-alt", "landmark-one-main", "page-has-heading-one" } do
      assert.truthy(said:find(rule, 1, true), said)
    end
    assert.same({}, open("<main><h1>Well</h1><p>said</p></main>"):violations())
  end)

  it("counts sheets of paper, and how often a page was loaded", function()
    local page = open "<div style='height:900px'>a</div><div style='height:900px'>b</div>"
    assert.is_true(page:sheets "A4" > 1)
    assert.equal(1, page:navigations())
    page:reload()
    assert.equal(2, page:navigations())
    assert.equal(1, open("<p>short</p>"):sheets "A4")
  end)

  it("is a phone, in the dark, without scripts, where it is told so", function()
    local page = open("<p>text</p><script>document.title = 'ran'</script>", nil,
      { device = "iphone", dark = true, script = false, locale = "pt-PT" })
    assert.equal("Title", page:evaluate "document.title")
    assert.is_true(page:evaluate "matchMedia('(prefers-color-scheme: dark)').matches")
    assert.truthy(page:evaluate("navigator.userAgent"):find("iPhone", 1, true))
    assert.equal("pt-PT", page:evaluate "navigator.language")
    assert.same({ "text" }, page:texts "p")
    page:close()
  end)

  it("says what is missing where its packages cannot be fetched", function()
    local pipe = assert(io.popen([[
      folder=$(mktemp -d)
      TMPDIR="$folder" npm_config_registry=http://127.0.0.1:1/ npm_config_cache="$folder/cache" \
        spec/support/npm.sh "$folder" nothing-of-ours@1.2.3 2>&1 || echo "refused"
      rm -rf "$folder"]]))
    local said = pipe:read("*a")
    pipe:close()
    for _, part in ipairs { "could not fetch nothing-of-ours@1.2.3", "`make demo` does not", "refused\n" } do
      assert.truthy(said:find(part, 1, true), said)
    end
  end)
end)

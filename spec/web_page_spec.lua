-- The pages that the handlers serve, over HTTP: which page an order has, in whose brand and in which language.
-- What is tested is nginx's own LuaJIT, whichever Lua drives it: once is enough.
-- Only under LuaJIT.

local english = require("esim.words").of "en"
local json = require "esim.json"
local street = require "spec.support.street"

local ask, place = street.ask, street.place

describe("an order's page", function()
  local server, order, profile, failed, going
  setup(function()
    server = select(2, street.open())
    order, failed, going = place("cm9k"), place("sandbox:failed"), place("sandbox:slow=60")
    profile = street.completed(order)
    assert(street.completed(failed).kind == "failed")
  end)
  teardown(street.close)

  -- What a page's own policy says stands in the header too.
  local function assert_policy(got)
    local own = got.body:match('<meta http%-equiv="Content%-Security%-Policy" content="([^"]*)">'):gsub("&#39;", "'")
    assert.equal(own .. "; frame-ancestors 'none'", got.headers["content-security-policy"])
  end

  it("shows the install page", function()
    local got = ask(order.links.page)
    assert.same({ 200, "text/html; charset=utf-8" }, { got.status, got.headers["content-type"] })
    assert.truthy(got.body:find(profile.matching_id, 1, true))
    assert.truthy(got.body:find(profile.smdp, 1, true))
    assert.is_nil(got.body:find("/events/", 1, true))
    street.assert_guarded(got)
    assert_policy(got)
  end)

  it("says so while the order is not completed", function()
    local page = ask(going.links.page)
    assert.same({ 202, nil, nil }, { page.status, page.headers.refresh, page.headers["retry-after"] })
    assert.truthy(page.body:find(english.waiting_title, 1, true))
    street.assert_guarded(page)
    assert_policy(page)
    local events = page.body:match('"(/esim/events/[^"]+)"')
    assert.truthy(ask(events, { seconds = 2 }).body:find("event: status", 1, true))
  end)

  it("asks for the events on its own origin, whatever name the links give it", function()
    local page = ask((going.links.page:gsub("^/esim/", "/far/")))
    assert.equal(202, page.status)
    assert.truthy(page.body:find('data-events="/esim/events/' .. going.id, 1, true))
    assert.is_nil(page.body:find("esim.example.com", 1, true))
  end)

  it("is not found where the provider does not know the order", function()
    local saved = "esim-order%201%20id=no-such-order%20created=1700000000%20status=ACCEPTED%20end"
    local links = json.decode(ask("/links?id=" .. saved).body)
    street.assert_not_found(ask(links.page))
  end)

  it("says what to do when the order has failed", function()
    local page = ask(failed.links.page)
    assert.same({ 200, nil }, { page.status, page.headers.refresh })
    assert.truthy(page.body:find(english.failed_do, 1, true))
    assert.truthy(page.body:find(failed.id, 1, true))
    assert_policy(page)
  end)

  it("says that the shop has to see to it where the provider's code cannot be used", function()
    local page = ask((order.links.page:gsub("^/esim", "/unusable")))
    assert.same({ 502, nil, nil }, { page.status, page.headers.refresh, page.headers["retry-after"] })
    assert.truthy(page.body:find(english.unavailable_shop, 1, true))
    for _, secret in ipairs { "no host", "QR-G-5C-1LS-1W1Z9" } do assert.is_nil(page.body:find(secret, 1, true)) end
    street.assert_guarded(page)
    assert_policy(page)
    street.assert_not_found(ask((order.links.svg:gsub("^/esim", "/unusable"))))
  end)

  it("says so too where the provider refuses the operator's credentials", function()
    local page = ask((going.links.page:gsub("^/esim", "/wrong")))
    assert.same({ 502, nil }, { page.status, page.headers["retry-after"] })
    assert.truthy(page.body:find(english.unavailable_shop, 1, true))
    assert_policy(page)
  end)

  -- The page of an operator, as a browser that wants these languages gets it.
  local function page_of(operator, accept, query)
    local headers = accept and { "Accept-Language: " .. accept } or nil
    local got = ask((order.links.page:gsub("^/esim/", "/" .. operator .. "/")) .. (query or ""), { headers = headers })
    assert.equal(200, got.status)
    assert.truthy(got.body:find(profile.matching_id, 1, true))
    return got.body, got.body:match('<html lang="(.-)"')
  end

  it("shows the operator's own pages, in the customer's language where none is given", function()
    local html, language = page_of("shop", "pt-BR,pt;q=0.9,en;q=0.8")
    assert.equal("pt", language)
    for _, text in ipairs { "Wander Mobile", "https://help.example.com/esim", "data:image/svg+xml" } do
      assert.truthy(html:find(text, 1, true), text)
    end
    for accept, expected in pairs { de = "de", tlh = "en", ["*"] = "en", ["fr;q=0.3,es"] = "es" } do
      assert.equal(expected, select(2, page_of("shop", accept)), accept)
    end
    assert.equal("en", select(2, page_of "shop"))
    assert.equal("pt", select(2, page_of("fado", "de")))
  end)

  it("shows each white label's own pages, and plain ones where those cannot be had", function()
    local html, language = page_of("labels", "es")
    assert.truthy(html:find("Label of " .. order.id, 1, true))
    assert.equal("es", language)
    for label, reason in pairs {
      raises = "a hook that fails", none = "a table of options was expected", wrong = "colour must be",
      odd = "unknown option coulour",
    } do
      html, language = page_of("labels", "es", "?label=" .. label)
      assert.is_nil(html:find("Label of", 1, true))
      assert.equal("es", language)
      local said = "page failed for order " .. order.id:gsub("%p", "%%%0") .. ": [^\n]*" .. reason
      assert.truthy(server:log():find(said), label)
    end
    assert.is_nil(server:log():find("SECRET", 1, true))
    assert.is_nil(server:log():find(order.links.page:match("[^/]+$"), 1, true))  -- whoever reads it could take the line
  end)

  it("says that the provider is away, and when to come again", function()
    local away = place("sandbox:503=99,retry-after=9,at=look")
    local got = ask((away.links.page:gsub("^/esim", "/slow")))
    assert.same({ 503, "9", nil }, { got.status, got.headers["retry-after"], got.headers.refresh })
    assert.truthy(got.body:find(english.unavailable_title, 1, true))
    assert_policy(got)
  end)
end)

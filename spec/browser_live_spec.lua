-- The live page in a browser: from the order to the code without a reload, whatever becomes of the connection.
-- What is tested is nginx's own LuaJIT and a browser, whichever Lua drives them: once is enough.
-- Only under LuaJIT.

local browser = require "spec.support.browser"
local english = require("esim.words").of "en"
local json = require "esim.json"
local pages = require "esim.page"
local provider = require "spec.support.provider"
local street = require "spec.support.street"

local chromium, box, server

setup(function()
  box, server = street.open()
  chromium = browser.start()
end)
teardown(function()
  assert(chromium:stop())
  street.close()
end)

-- The page that a link of an order's leads to, as an operator's customer opens it: options of the browser's, and
-- `operator`, `port`.
local function open(order, options)
  local link = order.links.page:gsub("^/esim/", "/" .. (options.operator or "esim") .. "/")
  return chromium:open {
    url = ("http://127.0.0.1:%d%s"):format(options.port or server.port, link),
    device = options.device or "iphone", dark = options.dark, script = options.script, before = options.before,
  }
end

local function state(page)
  return page:evaluate "document.querySelector('main').dataset.state"
end

local function await(page, name)
  page:await(("document.querySelector('main').dataset.state === '%s'"):format(name))
end

-- Run `try(page, order)` on the live page of an order that takes `seconds`; with one that takes longer, where the page
-- came too late to see it wait, or `try` says so by `false`.
local function follow(seconds, options, try)
  provider.slowly(function(factor)
    local product = ("sandbox:%sslow=%g"):format(options.fails and "failed," or "", seconds * factor)
    local order = street.place(product, options.fields)
    local page = open(order, options)
    local seen = state(page) == "waiting" and try(page, order) ~= false
    page:close()
    return seen
  end)
end

-- It says one of its texts -> false where it had become the install page before.
local function await_text(page, key)
  page:await(("document.body.innerText.includes(%s) || document.querySelector('main').dataset.state === 'install'")
    :format(json.encode(english[key])))
  return state(page) ~= "install"
end

local function assert_silent(page, key)
  assert.is_nil(page:text():find(english[key], 1, true))
end

-- It shows the code of its order.
local function assert_code(page, order, name)
  await(page, "install")
  assert.same({ street.completed(order):code() }, browser.scan(page:screenshot("live-" .. name)))
end

-- What the browser complained of, other than that a server was not there.
local function complaints(page)
  local list = {}
  for _, text in ipairs(page:complaints()) do
    if not text:find("net::ERR_", 1, true) and not text:find("status of 503", 1, true) then list[#list + 1] = text end
  end
  return list
end

describe("the live page", function()
  after_each(function() box.fault() end)

  it("becomes the install page, and asks for nothing but itself and its events", function()
    follow(2, { operator = "shop" }, function(page, order)
      page:screenshot "live-waiting"
      assert.same({}, page:violations())
      assert_code(page, order, "order-to-code")
      assert.equal("H1", page:evaluate "document.activeElement.tagName")  -- and is read out
      assert.equal(1, page:navigations())
      assert.same({}, page:complaints())
      assert.same({}, page:violations())
      assert.is_true(page:text():find(street.completed(order).matching_id, 1, true) ~= nil)
      local events = 0
      for _, url in ipairs(page:requests()) do
        assert.truthy(url == page.url or url:find(server.url .. "/shop/events/" .. order.id, 1, true), url)
        events = events + (url == page.url and 0 or 1)
      end
      assert.equal(1, events)
    end)
  end)

  it("says that the connection is cut, connects again and ends with the code", function()
    local cable = chromium:cable(server.port)
    follow(3, { port = cable.port, device = "android", dark = true }, function(page, order)
      cable.cut()
      if not await_text(page, "connection_lost") then
        cable.mend()
        return false
      end
      page:screenshot "live-lost"
      assert.same({}, page:violations())
      cable.mend()
      assert_code(page, order, "cut-once")
      assert_silent(page, "connection_lost")
      assert.equal(1, page:navigations())
      assert.same({}, complaints(page))
    end)
  end)

  it("goes on where the order was completed while the connection was cut", function()
    local cable = chromium:cable(server.port)
    follow(2, { port = cable.port }, function(page, order)
      cable.cut()
      street.completed(order)
      if not await_text(page, "connection_lost") then
        cable.mend()
        return false
      end
      cable.mend()
      assert_code(page, order, "completed-meanwhile")
      assert.equal(1, page:navigations())
    end)
  end)

  it("notices that its connection has gone silent", function()
    local cable = chromium:cable(server.port)
    local listening = [[
      const Source = window.EventSource;
      window.EventSource = class extends Source {
        constructor(address) {
          super(address);
          this.addEventListener("alive", () => { window.alive = true; });
        }
      };
    ]]
    follow(2, { port = cable.port, before = listening }, function(page, order)
      page:await "window.alive"  -- from then on it knows how often there is a sign of life
      cable.hush()
      street.completed(order)
      assert_code(page, order, "silent")
      assert.equal(1, page:navigations())
      assert.same({}, complaints(page))
    end)
  end)

  it("looks again at once when its phone wakes, whatever became of the connection", function()
    local cable = chromium:cable(server.port)
    for _, event in ipairs {
      "dispatchEvent(new Event('online'))", "document.dispatchEvent(new Event('visibilitychange'))",
      "dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }))",
    } do
      follow(2, { port = cable.port, operator = "rare" }, function(page, order)
        cable.hush()
        street.completed(order)
        page:evaluate(event)
        assert_code(page, order, "woken")
      end)
    end
  end)

  it("goes to the operator's login where its session has ended", function()
    local link = (street.place("sandbox:slow=60").links.page:gsub("^/esim/", "/guarded/"))
    local page = chromium:open { url = server.url .. "/login" }
    page:evaluate("document.cookie = 'known=1; path=/'; setTimeout(() => { location.href = '" .. link .. "' })")
    page:await "document.querySelector('main[data-state=waiting]') !== null"
    page:evaluate "document.cookie = 'known=; path=/; Max-Age=0'; dispatchEvent(new Event('online'))"
    page:await "document.title === 'Log in'"
    page:close()
  end)

  it("goes on where it is loaded again in the midst", function()
    follow(3, {}, function(page, order)
      page:reload()
      if state(page) ~= "waiting" then
        return false
      end
      assert_code(page, order, "loaded-again")
      page:reload()
      assert_code(page, order, "loaded-at-the-end")
      assert.same({}, page:complaints())
    end)
  end)

  it("goes on where nginx's workers quit, and where they are killed", function()
    follow(5, {}, function(page, order)
      server:signal "HUP"
      if not await_text(page, "connection_lost") then
        return false
      end
      page:await(("!document.body.innerText.includes(%s)"):format(json.encode(english.connection_lost)))
      for _, pid in ipairs(server:workers()) do server:signal("KILL", pid) end
      assert_code(page, order, "workers-quit")
      assert.equal(1, page:navigations())
    end)
  end)

  it("says what to do where the order fails", function()
    follow(2, { operator = "shop", fails = true }, function(page, order)
      await(page, "failed")
      await_text(page, "failed_do")
      assert.truthy(page:text():find(order.id, 1, true))
      local links = page:each("a[href]", "e.href")
      for _, href in ipairs(links) do assert.equal("https://help.example.com/esim", href) end
      assert.is_true(#links > 0)
      assert.equal(1, page:navigations())
      page:screenshot "live-failed"
      assert.same({}, page:violations())
      assert.same({}, page:complaints())
    end)
  end)

  it("says that a top-up needs no code", function()
    local iccid = street.completed(street.place "cm9k").iccid
    follow(2, { fields = { operationType = "TOPUP", esim = { iccid = iccid } } }, function(page)
      await(page, "topup")
      assert.truthy(page:text():find(english.topup_title, 1, true))
      assert.equal(1, page:navigations())
      assert.same({}, page:complaints())
    end)
  end)

  it("waits for a provider that is away, at its begin and in the midst", function()
    follow(2, {}, function(page, order)
      assert(box.fault { path = "/v1/order/*", status = 503 })
      if state(page) ~= "waiting" then
        box.fault()
        return false
      end
      local other = open(order, { device = "desktop" })
      await_text(other, "unavailable_wait")
      other:screenshot "live-unavailable"
      assert.same({}, other:violations())
      assert.equal("waiting", state(page))
      box.fault()
      assert_code(page, order, "provider-away")
      assert_code(other, order, "provider-away-at-first")
      assert.equal(1, page:navigations())
      for _, one in ipairs { page, other } do assert.same({}, complaints(one)) end
      other:close()
    end)
  end)

  it("does not go back to what was before when its connection opens", function()
    local html = pages.waiting(pages.settle(), { events = "/events", status = "FULFILLING" })
    local page = chromium:open { html = html, before = [[
      window.EventSource = class extends EventTarget {
        constructor() {
          super()
          setTimeout(() => { this.dispatchEvent(new Event('open')); window.opened = true })
        }
        close() {}
      }]] }
    page:await "window.opened"
    assert.same({ english.status_making }, page:texts ".status")
    page:close()
  end)

  it("keeps to one connection, however often it is woken", function()
    local page = chromium:open { html = (pages.waiting(pages.settle(), { events = "/events" })), before = [[
      let now = 0
      Date.now = () => now += 60000
      window.streams = new Set()
      window.EventSource = class extends EventTarget {
        constructor() { super(); streams.add(this) }
        close() { streams.delete(this) }
      }
      window.answered = 0
      window.fetch = async () => {
        await new Promise(done => setTimeout(done, 200))
        setTimeout(() => { answered++ }, 50)
        return new Response(document.documentElement.outerHTML)
      }]] }
    page:evaluate "['online', 'online', 'online'].map(name => dispatchEvent(new Event(name))).length"
    page:await "answered === 3"
    assert.equal(1, page:evaluate "streams.size")
    page:close()
  end)

  it("does not wait for ever for an answer that never comes", function()
    local page = chromium:open { html = (pages.waiting(pages.settle())), before = [[
      const real = setTimeout
      window.setTimeout = (f, milliseconds, ...more) => real(f, milliseconds / 100, ...more)
      window.fetch = (url, { signal }) => new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason))
      })]] }
    await_text(page, "connection_lost")
    page:close()
  end)

  it("says that the shop has to see to it when it was told so twice, not once", function()
    local settled = pages.settle()
    local waiting, barred = pages.waiting(settled), pages.unavailable(settled, false)
    for _, case in ipairs { { { barred, waiting, barred, (pages.failed(settled, "o-1")) }, "failed" },
                            { { barred, barred }, "unavailable" } } do
      local page = chromium:open { html = waiting, before = [[
        const real = setTimeout, answers = ]] .. json.encode(case[1]) .. [[;
        window.setTimeout = (f, milliseconds, ...more) => real(f, milliseconds / 100, ...more)
        window.fetch = async () => new Response(answers.shift())
      ]] }
      page:await "document.querySelector('main').dataset.state !== 'waiting'"
      assert.equal(case[2], state(page))
      page:close()
    end
  end)

  it("says that its link has ended", function()
    local order, page = street.place "sandbox:slow=60", nil
    repeat  -- a machine that pauses in between finds that it has ended already
      if page then page:close() end
      local links = json.decode(street.ask("/links?of=ending&id=" .. order.id).body)
      page = chromium:open { url = server.url .. links.page, device = "iphone" }
    until page:evaluate "document.querySelector('main') !== null"
    await_text(page, "expired")
    page:screenshot "live-ended"
    assert.same({}, page:violations())
    local asked = #page:requests()
    page:evaluate "new Promise(done => { dispatchEvent(new Event('online')); setTimeout(done, 300) })"
    assert.equal(asked, #page:requests())  -- and asks no more, whatever wakes it
    page:close()
  end)

  it("looks again by itself where its events are not mounted", function()
    follow(2, { operator = "alone" }, function(page, order)
      assert_code(page, order, "without-events")
      assert.equal(1, page:navigations())
    end)
  end)

  it("looks again by itself without scripts", function()
    follow(2, { script = false }, function(page, order)
      assert_code(page, order, "without-scripts")
      assert.is_true(page:navigations() > 1)
    end)
  end)
end)

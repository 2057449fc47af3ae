-- The handlers that an operator mounts in nginx, over HTTP: placing an order, and what its links open.
-- What is tested is nginx's own LuaJIT, whichever Lua drives it: once is enough.
-- Only under LuaJIT.

local curl = require "spec.support.curl"
local esim = require "esim"
local exposition = require "spec.support.exposition"
local json = require "esim.json"
local loop = require "esim.loop"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"
local street = require "spec.support.street"

local ask, completed, place, post, scan = street.ask, street.completed, street.place, street.post, street.scan
local assert_guarded, assert_not_found, read_file = street.assert_guarded, street.assert_not_found, street.read_file

local box, server

-- Links that were made for an id, whether there is such an order or not.
local function links(id, of)
  return json.decode(ask("/links?id=" .. id .. (of and "&of=" .. of or "")).body)
end

-- The whole answer, without what differs from one to the next.
local function plain(got)
  return (got.head:gsub("Date: [^\r]*", "")) .. got.body
end

local function orders()
  return box.log().orders
end

-- Post an order that can be hung up on. No "order": that would not be cancelled on the wire.
local function submit(path, product, correlation_id)
  return assert(loop.submit("request", server.account, {
    method = "POST", target = path, body = json.encode(provider.input(product)),
    headers = { "Content-Type: application/json", "X-Correlation-ID: " .. correlation_id },
  }))
end

describe("placing an order over HTTP", function()
  setup(function() box, server = street.open() end)
  teardown(street.close)

  it("gives its id and the links to all else", function()
    local got = post("cm9k")
    local order = json.decode(got.body)
    assert.equal(202, got.status)
    assert.equal("application/json", got.headers["content-type"])
    assert_guarded(got)
    assert.equal("ACCEPTED", order.status)
    assert.equal(1, box.log().by_correlation_id[order.correlation_id])
    assert.truthy(got.body:find('"warnings":[]', 1, true))
    for _, purpose in ipairs { "status", "events", "page", "png", "svg" } do
      assert.equal(1, (order.links[purpose]:find("/esim/" .. purpose .. "/" .. order.id .. ".", 1, true)))
    end
  end)

  it("passes on warnings, and the caller's correlation id", function()
    local input = provider.input("cm9k", { device = { id = "1", type = "android", eid = ("8"):rep(32) } })
    input.device.eid = "89001012012341234012345678901224"
    local got = curl.post(server.url .. "/esim/order", json.encode(input), {
      headers = { "Content-Type: application/json; charset=utf-8", "X-Correlation-ID: shop-1:2.3_4" },
    })
    local order = json.decode(got.body)
    assert.equal("shop-1:2.3_4", order.correlation_id)
    assert.truthy(order.warnings[1]:find("device.eid", 1, true))
  end)

  it("refuses what is no order before anything is sent", function()
    local before, kind = orders(), "Content-Type: application/json"
    local function refused(status, field, body, options)
      options.method = options.method or "POST"
      local got = curl.post(server.url .. "/esim/order", body, options)
      local e = assert(json.decode(got.body)).error
      assert.same({ status, "invalid", field }, { got.status, e.kind, e.field })
      assert.equal("application/json", got.headers["content-type"])
      assert_guarded(got)
      return got
    end
    local good = json.encode(provider.input())
    assert.equal("POST", refused(405, "method", nil, { method = "GET", headers = {} }).headers.allow)
    refused(405, "method", good, { method = "PUT", headers = { kind } })
    for _, other in ipairs { "text/plain", "application/jsonp", "application/x-www-form-urlencoded", "" } do
      refused(415, "content-type", good, { headers = { "Content-Type: " .. other } })
    end
    refused(411, "content-length", good, { headers = { kind, "Transfer-Encoding: chunked" } })
    refused(413, "content-length", good .. (" "):rep(16384), { headers = { kind } })
    for _, body in ipairs { "", "{", "[]", "42", "null", '"x"', good:sub(1, -2) } do
      refused(400, "body", body, { headers = { kind } })
    end
    refused(400, "x-correlation-id", good, { headers = { kind, "X-Correlation-ID: a b" } })
    refused(400, "x-correlation-id", good, { headers = { kind, "X-Correlation-ID: " .. ("x"):rep(129) } })
    refused(422, "device.id", json.encode(provider.input("x", { device = { type = "ios" } })), { headers = { kind } })
    refused(422, "countryCode", "{}", { headers = { kind } })
    assert.equal(before, orders())
  end)

  it("takes a body up to its limit, also where nginx put that into a file", function()
    local body = json.encode(provider.input())
    local got = curl.post(server.url .. "/esim/order", (" "):rep(16384 - #body) .. body)
    assert.equal(202, got.status, got.body)
  end)

  it("has a status for each kind of error, and none that is repeated unasked where an order may stand", function()
    for product, expected in pairs {
      ["sandbox:406=9"] = { 422, "refused", 0 }, ["sandbox:404=9"] = { 422, "refused", 0 },
      ["sandbox:403=9"] = { 502, "unauthorised", 0 },
      ["sandbox:cut"] = { 409, "unknown", 1 }, ["sandbox:cut=early"] = { 409, "unknown", 0 },
      ["sandbox:500=9"] = { 409, "unknown", 0 }, ["sandbox:503=9"] = { 409, "unknown", 0 },
      ["sandbox:hang=30"] = { 409, "unknown", 1 }, ["sandbox:empty"] = { 409, "answer", 1 },
      ["sandbox:html"] = { 409, "answer", 1 }, ["sandbox:redirect"] = { 409, "answer", 1 },
    } do
      local before = orders()
      local got = post(product, nil, product:find "hang" and "/hasty/order" or nil)
      local e = assert(json.decode(got.body), product .. ": " .. tostring(got.body)).error
      assert.same(expected, { got.status, e.kind, orders() - before }, product)
      assert.truthy(e.message and e.correlation_id, product)
      assert.is_nil(got.headers["retry-after"])
      assert_guarded(got, product)
    end
    for path, expected in pairs { down = { 503, "not_sent", "5" }, slow = { 503, "throttled", "7" } } do
      local got = post("sandbox:429=99,retry-after=7", nil, "/" .. path .. "/order")
      assert.same(expected, { got.status, json.decode(got.body).error.kind, got.headers["retry-after"] })
    end
    assert.equal(502, post("cm9k", nil, "/wrong/order").status)
    local broken = post("cm9k", nil, "/broken/order")
    assert.same({ 409, "unknown" }, { broken.status, json.decode(broken.body).error.kind })
    assert.is_nil((broken.body .. read_file(server.dir .. "/error.log")):find("SECRET", 1, true))
  end)

  it("is not in reach below the common location, unless its operator says so", function()
    local before = orders()
    assert_not_found(post("cm9k", nil, "/esim/order/"))
    assert_not_found(post("cm9k", nil, "/esim/orders"))
    assert.equal(before, orders())
    local got = post("cm9k", nil, "/all/order")
    assert.equal(202, got.status)
    assert.equal(before + 1, orders())
    assert_not_found(post("cm9k", nil, "/all/other"))
  end)

  it("tells its operator first, whose mistakes change nothing", function()
    local id = json.decode(post("cm9k", nil, "/all/order").body).id
    local log = read_file(server.dir .. "/error.log")
    assert.truthy(log:find("placed " .. id .. " end", 1, true))
    assert.truthy(log:find("on_order failed for order " .. id, 1, true))
    assert.is_nil(log:find("SECRET", 1, true))
  end)

  it("loses no order whose client hangs up, and places none twice", function()
    local before = orders()
    local pendings = {}
    for i = 1, 12 do pendings[i] = submit("/esim/order", "sandbox:hang=4", "gone-" .. i) end
    for i = 1, 12 do provider.await_order(box, "gone-" .. i) end
    for _, pending in ipairs(pendings) do
      assert.is_false(pending:done())
      loop.cancel(pending)
    end
    local found = nginx.eventually(function()
      local ids = {}
      for _, entry in ipairs(server:entries()) do
        if entry.correlation_id:find("^gone%-") then
          assert(entry.outcome == "accepted" and not ids[entry.correlation_id])
          ids[entry.correlation_id] = entry.order_id
          ids.count = (ids.count or 0) + 1
        end
      end
      return ids.count == 12 and ids
    end)
    assert.truthy(found)
    assert.equal(before + 12, orders())
    for _, entry in ipairs(box.log().requests) do
      local expected = found[entry.correlation_id]
      if expected then assert.equal(expected, entry.order_id) end
    end
  end)

  it("loses none whose client hangs up while its operator writes it down", function()
    local pending = submit("/slowly/order", "cm9k", "slowly-1")
    assert.truthy(nginx.eventually(function() return server:log():find("begun slowly-1 end", 1, true) end))
    loop.cancel(pending)
    local function entries()
      local list = {}
      for _, entry in ipairs(server:entries()) do
        if entry.correlation_id:find("^slowly%-") then list[#list + 1] = entry end
      end
      return #list > 0 and list
    end
    local list = nginx.eventually(entries)
    assert.truthy(list)
    local id = list[1].order_id
    assert.is_nil(read_file(server.dir .. "/error.log"):find("placed " .. id, 1, true))
    local headers = { "Content-Type: application/json", "X-Correlation-ID: slowly-2" }
    assert.equal(202, post("cm9k", { headers = headers }, "/slowly/order").status)
    esim.sleep(1.2)
    assert.equal(1, #entries())
  end)

  -- Whatever the provider took is told to the client's log, or to on_order before the request is answered.
  it("loses none at whatever moment its client hangs up", function()
    local function hang_up(i)
      local pending = submit("/all/order", "sandbox:hang=0.1", "random-" .. i)
      esim.sleep(math.random() * 0.25)
      loop.cancel(pending)
    end
    esim.run(function()
      for lane = 1, 16 do
        esim.spawn(function()
          for i = lane, 320, 16 do hang_up(i) end
        end)
      end
    end)
    local lost, count
    local function find_lost()
      local told, log = {}, box.log()
      for id in server:log():gmatch("placed (%S+) end") do told[id] = true end
      for _, entry in ipairs(server:entries()) do told[entry.order_id or ""] = true end
      lost, count = {}, 0
      for _, entry in ipairs(log.requests) do
        if entry.method == "POST" and entry.correlation_id:find("^random%-") and entry.order_id then
          count = count + 1
          if not told[entry.order_id] then lost[#lost + 1] = entry.correlation_id end
          assert.equal(1, log.by_correlation_id[entry.correlation_id])
        end
      end
    end
    esim.sleep(1.5)
    nginx.eventually(function()
      find_lost()
      return #lost == 0
    end)
    assert.is_true(count > 20, count)
    assert.same({}, lost)
  end)
end)

describe("a link", function()
  local order, profile, failed, going
  setup(function()
    box, server = street.open()
    order, failed, going = place("cm9k"), place("sandbox:failed"), place("sandbox:slow=60")
    profile = completed(order)
    assert(completed(failed).kind == "failed")
  end)
  teardown(street.close)

  it("shows the status", function()
    for status, link in pairs {
      COMPLETED = order.links.status, FAILED = failed.links.status, ACCEPTED = going.links.status,
    } do
      local got = ask(link)
      assert.equal(200, got.status)
      local body = json.decode(got.body)
      assert.equal(status, body.status)
      assert.same({ id = body.id, status = status }, body)
      assert_guarded(got)
    end
  end)

  it("shows the QR code as picture", function()
    local png = ask(order.links.png)
    assert.same({ 200, "image/png" }, { png.status, png.headers["content-type"] })
    assert.equal(profile:code(), scan(png.body))
    local svg = ask(order.links.svg)
    assert.same({ 200, "image/svg+xml" }, { svg.status, svg.headers["content-type"] })
    assert.equal(profile:code(), scan(svg.body, true))
    for _, got in ipairs { png, svg } do assert_guarded(got) end
  end)

  it("has no picture while the order is not completed, nor where it has failed", function()
    for _, purpose in ipairs { "png", "svg" } do
      local got = ask(going.links[purpose])
      assert.same({ 202, "5" }, { got.status, got.headers["retry-after"] })
      assert_guarded(got)
      assert_not_found(ask(failed.links[purpose]))
    end
  end)

  it("answers HEAD as GET, without a body, and no other method", function()
    for purpose, link in pairs(order.links) do
      local head, get = ask(link, { method = "HEAD" }), ask(link)
      assert.equal("", head.body, purpose)
      assert.equal(200, head.status)
      for name, value in pairs(get.headers) do
        local same = value:gsub("'nonce%-.-'", "'nonce'")  -- of a page's style: each has its own
        if name ~= "date" and name ~= "transfer-encoding" then
          assert.equal(same, (head.headers[name]:gsub("'nonce%-.-'", "'nonce'")), name)
        end
      end
      for _, method in ipairs { "POST", "PUT", "DELETE", "OPTIONS" } do
        local got = ask(link, { method = method })
        assert.same({ 405, "GET, HEAD" }, { got.status, got.headers.allow }, method .. " " .. purpose)
        assert_guarded(got)
      end
    end
  end)

  it("gives one and the same 404 whatever is wrong with it", function()
    local short = links(order.id, "short")
    esim.sleep(2)
    local first
    for purpose, link in pairs(order.links) do
      local token = link:match("[^/]*$")
      local other = purpose == "png" and "svg" or "png"
      for what, wrong in pairs {
        ["of another purpose"] = "/esim/" .. other .. "/" .. token, cut = link:sub(1, -2), longer = link .. "0",
        ["without signature"] = link:match("^(.*)%."), expired = short[purpose], empty = "/esim/" .. purpose .. "/",
        ["of another order"] = link:gsub("[^/]-%.", failed.id .. ".", 1), ["of no purpose"] = "/esim/" .. token,
        ["signed by nobody"] = link:gsub("%x+$", ("0"):rep(64)), below = link .. "/x", elsewhere = "/esim/x/y",
        encoded = "/esim/" .. purpose .. "/%ff%7f", ["with a later end"] = link:gsub("%.(%d)", ".9%1"),
        ["of no order"] = links("nowhere", "old")[purpose] .. "0",
      } do
        local got = ask(wrong)
        assert_not_found(got, what)
        first = first or plain(got)
        assert.equal(first, plain(got), what .. " " .. purpose)
      end
    end
  end)

  it("is made for any id, holds under an old key, and below any base", function()
    assert.truthy(links(order.id, "far").page:find("^https://esim%.example%.com/esim/page/[%w.-]+$"))
    assert.equal(200, ask(links(order.id, "old").page).status)
    local token = order.links.svg:match("[^/]*$")
    assert.equal(profile:code(), scan(ask("/apart/" .. token).body, true))
    local got = ask(links("cm9k%2F..%3D%26-_.%23").status)
    assert.same({ id = "cm9k/..=&-_.#", status = "ACCEPTED" }, json.decode(got.body))
  end)

  it("says that the provider is away, and when to come again", function()
    for _, purpose in ipairs { "status", "page", "png", "svg" } do
      local link = order.links[purpose]:gsub("^/esim", "/down")
      local got = ask(link)
      assert.same({ 503, "5" }, { got.status, got.headers["retry-after"] }, purpose)
      assert_guarded(got)
      assert.is_nil(got.body:find("127.0.0.1", 1, true))
      assert.equal(502, ask((link:gsub("^/down", "/wrong"))).status)
    end
    local away = place("sandbox:503=99,retry-after=9,at=look")
    local got = ask((away.links.png:gsub("^/esim", "/slow")))
    assert.same({ 503, "9" }, { got.status, got.headers["retry-after"] })
  end)

  it("raises a wrong option where it was written", function()
    local said = ask("/misuse").body
    local count = 0
    for line in said:gmatch("[^\n]+") do
      assert.truthy(line:find("desk%.lua:%d+: "), line)
      assert.is_nil(line:find("new key", 1, true))
      count = count + 1
    end
    assert.equal(24, count)
  end)

  it("leaves no code, no key and no token in a log, a URL or a header", function()
    local all = read_file(server.dir .. "/access.log") .. read_file(server.dir .. "/error.log")
    assert.truthy(all:find(order.links.png, 1, true))  -- it is the whole log
    for _, link in pairs(order.links) do
      local got = ask(link, { seconds = 3 })
      all = all .. got.head .. link
    end
    for _, secret in ipairs {
      profile.matching_id, profile:code(), profile.qrcode_url, "LPA:", box.token, "new key", "old key",
    } do
      assert.is_nil(all:find(secret, 1, true))
    end
    assert.same({}, server:complaints())
  end)
end)

describe("the configuration in README.md", function()
  setup(function() street.box = provider.start { delay = 0.2 } end)
  teardown(function() assert(street.box.stop()) end)

  it("sells an eSIM, from the order to its page", function()
    street.server = nginx.serve(assert(read_file("README.md"):match("```nginx\n(.-)```")), street.box)
    local order = place("cm9k")
    local profile = completed(order)
    local page = ask(order.links.page)
    local picture, foreign = ask(order.links.png), ask "/esim/orders"
    local complaints = street.server:complaints()
    local shown, bought = ask "/buy", ask("/buy", { method = "POST" })
    local log, metrics = read_file(street.server.dir .. "/error.log"), ask "/metrics"
    assert(street.server:stop())
    assert.equal(2, exposition.read(metrics.body)['esim_orders_total{outcome="accepted"}'])
    assert.equal(403, shown.status)
    assert.same({ 200, 1 }, { bought.status, (bought.body:find("<svg", 1, true)) })
    assert.truthy(log:find("esim-order 1 id=", 1, true))
    assert.equal(200, page.status)
    assert.truthy(page.body:find(profile.matching_id, 1, true))
    assert.equal(profile:code(), scan(picture.body))
    assert_not_found(foreign)
    assert.same({}, complaints)
  end)
end)

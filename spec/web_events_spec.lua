-- The server-sent events of an order, as curl sees them.
-- What is tested is nginx's own LuaJIT, whichever Lua drives it: once is enough.
-- Only under LuaJIT.

local curl = require "spec.support.curl"
local json = require "esim.json"
local nginx = require "spec.support.nginx"
local street = require "spec.support.street"

local ask, completed, place, scan = street.ask, street.completed, street.place, street.scan

describe("the events of an order", function()
  local server
  setup(function() server = select(2, street.open()) end)
  teardown(street.close)

  -- Without the signs of life, of which there are as many as it takes long.
  local function names(body)
    local list = {}
    for name in body:gmatch("event: (%l+)\n") do list[#list + 1] = name ~= "alive" and name or nil end
    return table.concat(list, " ")
  end

  local function data(body, name)
    return assert(json.decode(body:match("event: " .. name .. "\n.-data: ([^\n]+)\n\n")))
  end

  it("tell each status once, then the links", function()
    local order = place("sandbox:slow=1")
    local got = ask(order.links.events)
    assert.same({ 200, "text/event-stream", "no" },
      { got.status, got.headers["content-type"], got.headers["x-accel-buffering"] })
    street.assert_guarded(got)
    assert.truthy(got.body:find("^retry: %d+\n\n"))
    assert.truthy(names(got.body):find("^status status .*done$"), got.body)
    local seen = {}
    for status in got.body:gmatch('event: status\nid: (%u+)\n') do
      assert.is_nil(seen[status])
      seen[status] = true
    end
    assert.truthy(seen.ACCEPTED and seen.COMPLETED)
    local done = data(got.body, "done")
    assert.equal(completed(order):code(), scan(ask(done.links.png).body))
  end)

  it("hand out links that end when theirs does, not later", function()
    local order = place "cm9k"
    completed(order)
    local placed = os.time()
    repeat until os.time() > placed
    assert.equal(order.links.page, data(ask(order.links.events).body, "done").links.page)
  end)

  it("end with failed, or with an error that tells nothing of the provider", function()
    local failed = ask(place("sandbox:failed").links.events).body
    assert.truthy(failed:find("event: failed\nid: failed\n", 1, true))
    local got = ask((place("cm9k").links.events:gsub("^/esim", "/wrong")))
    assert.equal("status error", names(got.body))
    assert.equal("unauthorised", data(got.body, "error").kind)
    local timeout = ask((place("sandbox:slow=60").links.events:gsub("^/esim", "/brief")))
    assert.equal("status error", names(timeout.body))
    assert.equal("timeout", data(timeout.body, "error").kind)
  end)

  it("end when their link does", function()
    local order = place "sandbox:slow=60"
    local got
    repeat  -- a machine that pauses in between finds that it has ended already
      got = ask(json.decode(ask("/links?of=ending&id=" .. order.id).body).events)
    until got.status == 200
    assert.equal("status error", names(got.body))
    assert.equal("timeout", data(got.body, "error").kind)
  end)

  it("keep a word of the provider's on its line, whatever it holds", function()
    local body = ask((place("cm9k").links.events:gsub("^/esim", "/odd"))).body
    assert.equal("status error", names(body))
    assert.equal("WORD\nevent: done\ndata: {}\n\n", data(body, "status").status)
  end)

  it("go on where a browser lost them, and do not begin again after the end", function()
    local order = place("sandbox:slow=1")
    local body = ask(order.links.events, { headers = { "Last-Event-ID: ACCEPTED" } }).body
    assert.is_nil(body:find("id: ACCEPTED", 1, true))
    assert.truthy(names(body):find("done$"))
    for _, last in ipairs { "done", "failed" } do
      assert.equal(204, ask(order.links.events, { headers = { "Last-Event-ID: " .. last } }).status)
    end
  end)

  it("come at once, with signs of life, also by HTTP/1.0; nothing is left when the client is gone", function()
    local order = place("sandbox:slow=60")
    local url = server.url .. order.links.events
    local streams = {
      curl.start(url), curl.start(url, { flags = "--http1.0" }), curl.start((url:gsub("/esim/", "/deaf/"))),
    }
    for _, stream in ipairs(streams) do
      assert.truthy(nginx.eventually(function() return stream.read():find("id: ACCEPTED", 1, true) end))
      assert.truthy(nginx.eventually(function()
        return select(2, stream.read():gsub('event: alive\ndata: {"seconds":1}\n\n', "")) > 1
      end))
      stream.stop()
    end
    assert.truthy(nginx.eventually(function()
      for _ = 1, 8 do
        if ask("/flight").body ~= "0" then return false end
      end
      return true
    end, 10))
  end)

  it("do not hold up a worker that is to end", function()
    local stream = curl.start(server.url .. place("sandbox:slow=60").links.events)
    assert.truthy(nginx.eventually(function() return stream.read():find("id: ACCEPTED", 1, true) end))
    local before = server:workers()
    server:signal "HUP"
    assert.truthy(nginx.eventually(function()
      for _, pid in ipairs(before) do
        if io.open("/proc/" .. pid .. "/stat") then return false end
      end
      return true
    end))
    stream.stop()
    assert.same({}, server:complaints())
  end)
end)

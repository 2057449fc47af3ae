-- Inside nginx: its workers use one token, which one of them fetches, and go on where that one dies.
-- Only under LuaJIT.

local esim = require "esim"
local loop = require "esim.loop"
local native = require "esim.native"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local WORKERS = 4

local HTTP = [[
  lua_shared_dict tokens 1m;
  init_worker_by_lua_block {
    client = assert(require("esim").client {
      url = "$url", timeout = 10, credentials = {
        client_id = "$id", client_secret = "$secret", token_url = "$tokens", shared = "tokens",
      },
    })
  }
]]

local SERVER = [[
  location = /wait {
    content_by_lua_block {
      local input = {
        countryCode = "PT", customer = { email = "traveller" }, device = { id = "1", type = "iot" },
        subscriptions = { { product_id = "cm9k" } },
      }
      local order, e = client:order(input, { timeout = tonumber(ngx.var.arg_timeout) or 30 })
      local profile
      if order then
        profile, e = order:wait { timeout = 30, first = 0.1, factor = 1 }
      end
      ngx.print(profile and profile.iccid or tostring(e), " by ", ngx.worker.id())
    }
  }
]]

-- A sandbox with these options, an nginx with four workers, and what `f` does with both.
local function within(options, secret, f)
  local box = provider.start(options)
  local http = HTTP:gsub("%$(%l+)", {
    url = box.url, id = box.client_id, secret = secret or box.client_secret, tokens = box.token_url,
  })
  local server = nginx.start { sandbox = box, workers = tostring(WORKERS), http = http, server = SERVER }
  local ok, reason = pcall(f, box, server)
  local complaints = table.concat(server:complaints(), "\n")
  local said = server:log()
  assert(server:stop())
  assert(box.stop())
  assert(ok, reason)
  assert.is_nil(said:find(box.client_secret, 1, true))
  return complaints
end

-- Ask `count` times at once: the bodies, and how many workers answered.
local function ask(server, count, target)
  local pendings, bodies, workers, seen = {}, {}, 0, {}
  for i = 1, count do pendings[i] = server:request(target or "/wait") end
  for i, pending in ipairs(pendings) do
    local fault, got = loop.await(pending)
    assert.is_nil(fault)
    bodies[i] = got.body
    local worker = got.body:match("by (%d+)$")
    workers = workers + (seen[worker] and 0 or 1)
    seen[worker] = true
  end
  return bodies, workers
end

describe("nginx's workers with a shared dictionary", function()
  it("fetch one token for all of them, and one for each of its lives", function()
    assert.equal("", within({ delay = 2.5, lifetime = 1 }, nil, function(box, server)
      local began = native.clock()
      local bodies, workers = ask(server, 64)
      local seconds = native.clock() - began
      for _, body in ipairs(bodies) do assert.truthy(body:find("^%d+ by"), body) end
      assert.truthy(workers >= 2, workers)
      local log = box.log()
      assert.truthy(log.token_requests <= seconds / 0.9 + 2, log.token_requests)
      for _, request in ipairs(log.requests) do assert.is_not.equal(401, request.status) end
    end))
  end)

  it("fetch one after a 401, whoever met it", function()
    within({ delay = 0 }, nil, function(box, server)
      ask(server, 32)
      assert.equal(1, box.log().token_requests)
      box.expire()
      for _, body in ipairs((ask(server, 32))) do assert.truthy(body:find("^%d+ by"), body) end
      assert.equal(2, box.log().token_requests)
    end)
  end)

  it("tell each other that the secret is wrong", function()
    within({ delay = 0 }, "wrong", function(box, server)
      for _, body in ipairs((ask(server, 64))) do assert.truthy(body:find("invalid_client", 1, true), body) end
      assert.truthy(box.log().token_requests <= 2, box.log().token_requests)
    end)
  end)

  it("wait for a token end point that is down for a while", function()
    within({ delay = 0 }, nil, function(box, server)
      box.token_fault "down=2"
      for _, body in ipairs((ask(server, 64))) do assert.truthy(body:find("^%d+ by"), body) end
    end)
  end)

  it("go on when the one who fetches dies", function()
    within({ delay = 0 }, nil, function(box, server)
      box.token_fault "hang=3,times=1"
      local first = server:request "/wait"
      esim.sleep(0.5)
      assert.is_false(first.ready)  -- somebody waits for the token end point now
      for _, pid in ipairs(server:workers()) do server:signal("KILL", pid) end  -- whichever of them has the lock
      loop.await(first)
      assert(nginx.eventually(function() return #server:workers() >= WORKERS end))
      local bodies = ask(server, 16, "/wait?timeout=8")  -- the lock of the dead would be theirs for 15 s
      for _, body in ipairs(bodies) do assert.truthy(body:find("^%d+ by"), body) end
    end)
  end)
end)

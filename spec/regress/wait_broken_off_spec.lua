-- What broke off the wait for an order's answer, an interrupt or an adapter that raised, was raised as it was:
-- nothing said that an order was on its way, nor under which correlation id.

local esim = require "esim"
local peer = require "spec.support.peer"
local process = require "esim_process"
local provider = require "spec.support.provider"
local scratch = require "spec.support.scratch"

local function slow_server()
  return peer.start(function(server)
    local connection = server:accept()
    local whole = server:request(connection)
    os.execute("sleep 0.3")
    server:write(connection, peer.answer("200 OK", '{"id":"1","status":"ACCEPTED"}'))
    return whole and 1 or 0
  end)
end

-- The plain interpreter, which alone turns SIGINT into an error; a sanitizer's host does not.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  lua = lua:find("/", 1, true) and "lua5.4" or lua
  return ("LUA_CPATH='build/%s/?.so;;' %s "):format(lua, lua)
end

local function check(e)
  assert.equal("unknown", e.kind)
  assert.same({ "c-1", "traveller@example.com" }, { e.correlation_id, e.email })
  assert.truthy(tostring(e):find("c-1", 1, true))
  assert.is_nil(tostring(e):find("T0KEN", 1, true))
end

describe("an order whose wait is broken off", function()
  it("by an adapter that raises is raised as unknown, with all that is needed to look for it", function()
    local server = slow_server()
    local client = assert(esim.client { url = server.url, token = "T0KEN" })
    esim.use { await = function() error("no more of T0KEN") end }
    local ok, e = pcall(client.order, client, provider.input(), { correlation_id = "c-1" })
    esim.use(nil)
    assert.is_false(ok)
    check(e)
    assert.truthy(tostring(e):find("no more of", 1, true))
    assert.equal(1, server.wait())
  end)

  it("by what is no text is unknown too", function()
    local server = slow_server()
    local client = assert(esim.client { url = server.url, token = "T0KEN" })
    esim.use { await = function() error({}) end }
    local ok, e = pcall(client.order, client, provider.input(), { correlation_id = "c-1" })
    esim.use(nil)
    assert.is_false(ok)
    check(e)
    server.wait()
  end)

  it("before it was submitted is raised as it is", function()
    local client = assert(esim.client { url = "http://127.0.0.1:1", token = function() esim.sleep(1) end })
    esim.use { await = function() error("no more", 0) end }
    local ok, e = pcall(client.order, client, provider.input(), { correlation_id = "c-1" })
    esim.use(nil)
    assert.is_true(ok)
    assert.is_nil(e)
  end)

  it("by a signal is told by the interpreter", function()
    -- Interrupts who has ordered, and never answers.
    local server = peer.start(function(server)
      local connection = server:accept()
      local asked = server:request(connection)
      os.execute("kill -INT " .. asked:match("interrupt%-(%d+)"))
      return server:request(connection) and 1 or 0
    end)
    local pid = process.fork()
    if pid == 0 then
      local script = ([[
        local client = require("esim").client { url = %q, token = "T0KEN" }
        local pipe = io.popen "echo $PPID"
        local input = require("spec.support.provider").input("interrupt-" .. pipe:read("*l"))
        pipe:close()
        local ok, e = pcall(client.order, client, input, { correlation_id = "c-1" })
        os.exit(not ok and e.kind == "unknown" and e.correlation_id == "c-1" and 7 or 1)
      ]]):format(server.url)
      local name = scratch()
      local file = assert(io.open(name, "w"))
      file:write(script)
      file:close()
      local first, _, status = os.execute(interpreter() .. name)
      os.remove(name)
      process.exit((status == 7 or first == 7 * 256) and 7 or 1)
    end
    assert.equal(7, process.wait(pid))
    assert.equal(0, server.wait())
  end)
end)

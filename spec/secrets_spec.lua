-- The net of spec/support/leaks.lua, which lies under every spec, holds: each of these tells a secret, and
-- run.sh counts it.

local scratch = require "spec.support.scratch"

local HEAD = [[
local esim = require "esim"
local err = require "esim.err"
local provider = require "spec.support.provider"

local function nginx_says(pid, text)
  local file = io.open("/proc/" .. pid .. "/cmdline")
  local folder = file:read("*a"):match("%%-p[ %%z]+([^ %%z]+)")
  file:close()
  file = assert(io.open(folder .. "/error.log", "a"))
  file:write(text)
  file:close()
end

it("tells", function()
  local box = provider.start { delay = 0 }
  local order = assert(box.client:order(provider.input()))
  local profile = assert(order:wait { timeout = 20, first = 0.05 })
  local object = setmetatable({}, { __tostring = function() return profile:code() end })
  %s
  assert(box.stop())
  assert(err and esim and object)
end)
]]

-- what is told, whether that is a leak
local CASES = {
  { 'tostring(err.new("failed", { order_id = order.id, raw = { iccid = profile.iccid } }))', false },
  { "print(order, profile, box.client, profile:qr(), order:save())", false },
  { 'err.new("invalid", { message = box.token })', true },
  { 'local e = err.new("failed") e.raw = { output = { { profile.matching_id } } }', true },
  { 'local e = err.new("failed") e.raw = { [box.token] = 1 }', true },
  { 'err.new("unknown").email = "see " .. profile.qrcode_url', true },
  { "local _ = tostring(object)", true },
  { 'local _ = "x" .. err.new("timeout", { message = profile:code() })', true },
  { "print(profile:code { prefix = false })", true },
  { [[io.stderr:write(box.token, "\n")]], true },
  { "nginx_says(box.pid, profile.matching_id)", true },
}

local function run(script)
  local place = scratch()
  local name = place .. ".lua"
  local file = assert(io.open(name, "w"))
  file:write(HEAD:format(script))
  file:close()
  local host = os.getenv "ESIM_LUA" or "lua5.4"
  local lua = host:find("/", 1, true) and "lua5.4" or host
  local pipe = assert(io.popen(("SPECS=%s HOST='%s' spec/support/run.sh %s 2>&1"):format(name, host, lua)))
  local said = pipe:read("*a")
  pipe:close()
  os.remove(name)
  os.remove(place)
  return said
end

describe("a secret that is told", function()
  for _, case in ipairs(CASES) do
    it((case[2] and "is noticed: " or "is none: ") .. case[1], function()
      local said = run(case[1])
      assert.truthy(said:find(case[2] and "\n1 passed, 1 failed\n$" or "\n1 passed, 0 failed\n$"), said)
      assert.equal(case[2], said:find("was told:", 1, true) ~= nil)
    end)
  end

  it("would stand in this very run, too", function()
    local box = require("spec.support.provider").start { delay = 0 }
    local token = box.token
    assert(box.stop())
    assert.equal(1, token:find(assert(os.getenv "ESIM_SPEC_MARK"), 1, true))
  end)
end)

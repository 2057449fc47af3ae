-- `make install` and LuaRocks put the same files in place, and they work there.

local HOST = os.getenv "ESIM_LUA" or "lua5.4"
local LUA = HOST:find("/", 1, true) and "lua5.4" or HOST  -- a sanitizer's interpreter is a Lua 5.4
local ABI = LUA == "luajit" and "5.1" or LUA:match("%d%.%d")
local QUIET = " >/dev/null 2>&1"

local folder

local function read(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

local function succeeds(command)
  local ok = os.execute(command)
  return ok == true or ok == 0
end

-- The build must not meet the one that runs the specs.
setup(function()
  folder = read("mktemp -d"):gsub("%s+$", "")
  local tree = folder .. "/tree"
  assert(succeeds("mkdir " .. tree .. " && cp -r Makefile LICENSE README.md csrc lua rockspec " .. tree))
end)

teardown(function() os.execute("rm -rf " .. folder) end)

local function installed(root)
  return read("cd " .. root .. " && find . \\( -path './lib/lua/*' -o -path './share/lua/*' \\) -type f | sort")
end

-- What must be there: the core and every Lua file of the tree.
local function wanted()
  local list = { "./lib/lua/" .. ABI .. "/esim/core.so" }
  for name in read("cd lua && find . -name '*.lua'"):gmatch("%./([^\n]+)") do
    list[#list + 1] = "./share/lua/" .. ABI .. "/" .. name
  end
  table.sort(list)
  return table.concat(list, "\n") .. "\n"
end

-- Runs a script with what was installed under `root`, away from the tree. Only the system's own modules are
-- there besides, for lua-cjson.
local function run(root, script)
  local name = folder .. "/script.lua"
  local file = assert(io.open(name, "w"))
  file:write(script)
  file:close()
  local share, lib = root .. "/share/lua/" .. ABI, root .. "/lib/lua/" .. ABI
  return read(("cd / && env -i PATH=\"$PATH\" LUA_PATH='%s/?.lua;;' LUA_CPATH='%s/?.so;;' %s %s 2>&1")
    :format(share, lib, HOST, name))
end

local SCRIPT = [[
local esim = require "esim"
local function in_nginx(file)
  return file == "esim.loop.nginx" or file:find("^esim%%.web")
    or file:find("^esim%%.sandbox%%.") and file ~= "esim.sandbox.remote"
end
local function is_without_library(file)  -- Debian has copas for Lua 5.1 alone
  return file == "esim.loop.copas" and not pcall(require, "copas")
end
for _, file in ipairs { %s } do
  if not in_nginx(file) and not is_without_library(file) then require(file) end
end
assert(package.loaded["esim.core"])
local where = debug.getinfo(esim.client, "S").source
assert(where:find(%q, 1, true), where)
local box = assert(require("esim.sandbox").start { delay = 0 })
local client = assert(esim.client { url = box.url, token = box.token })
local order = assert(client:order {
  countryCode = "PT", customer = { email = "e" }, device = { id = "d", type = "ios" },
  subscriptions = { { product_id = "p" } },
})
local profile = assert(order:wait { timeout = 30 })
assert(box.stop())
print(esim.VERSION, profile:code() ~= nil)
]]

local function works(root)
  local modules = {}
  for name in read("cd lua && find . -name '*.lua'"):gmatch("%./([^\n]+)%.lua") do
    modules[#modules + 1] = '"' .. name:gsub("/", ".") .. '"'
  end
  local version = require("esim").VERSION
  assert.equal(version .. "\ttrue\n", run(root, SCRIPT:format(table.concat(modules, ", "), root)))
end

describe("make install", function()
  it("puts the core and every Lua file in place, which work there; make uninstall removes them", function()
    local root = folder .. "/made"
    local make = "make -s -C " .. folder .. "/tree LUA=" .. LUA .. " PREFIX=" .. root .. " CFLAGS=-O0 "
    assert.is_true(succeeds(make .. "install" .. QUIET))
    assert.equal(wanted(), installed(root))
    works(root)
    assert.is_true(succeeds(make .. "uninstall" .. QUIET))
    assert.equal("", installed(root))
  end)

  it("obeys DESTDIR, as packagers expect", function()
    local root = folder .. "/staged"
    assert.is_true(succeeds("make -s -C " .. folder .. "/tree LUA=" .. LUA .. " PREFIX=/usr DESTDIR=" .. root
      .. " CFLAGS=-O0 install" .. QUIET))
    assert.equal(wanted(), installed(root .. "/usr"))
  end)
end)

describe("LuaRocks", function()
  it("puts the same files in place, which work there", function()
    local root = folder .. "/rocks"
    local said = read("cd " .. folder .. "/tree && luarocks --lua-version " .. ABI .. " --tree " .. root
      .. " make --deps-mode=none rockspec/esim-scm-1.rockspec CFLAGS='-O0 -fPIC' 2>&1")
    assert.equal(wanted(), installed(root), said)
    works(root)
  end)
end)

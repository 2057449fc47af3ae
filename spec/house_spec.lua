-- One version everywhere, the rockspec lists every file, the README does what it says.

local provider = require "spec.support.provider"
local scratch = require "spec.support.scratch"

local function read(name)
  local file = assert(io.open(name))
  local text = file:read("*a")
  file:close()
  return text
end

local function lines(command)
  local pipe, out = assert(io.popen(command)), {}
  for line in pipe:lines() do out[#out + 1] = line end
  pipe:close()
  assert(#out > 0, command)
  return out
end

describe("the house", function()
  it("has one version", function()
    local version = read("csrc/core/version.h"):match('ESIM_VERSION "([%d.]+)"')
    assert.equal(version, require("esim").VERSION)
    assert.truthy(read("CHANGELOG.md"):find("## " .. version, 1, true))
  end)

  it("lists every source and Lua file in its rockspec", function()
    local spec = read("rockspec/esim-scm-1.rockspec")
    for _, file in ipairs(lines("find csrc -name '*.c'; find lua -name '*.lua'")) do
      assert.truthy(spec:find('"' .. file .. '"', 1, true), file)
    end
    for file in spec:gmatch('"([%w/_]+%.[cl]u?a?)"') do
      assert(io.open(file), file):close()
    end
  end)

  it("has an adapter of 60 lines at most for each loop", function()
    for _, name in ipairs { "cqueues", "luv", "copas" } do
      local _, count = read("lua/esim/loop/" .. name .. ".lua"):gsub("\n", "\n")
      assert.is_true(count <= 60, name .. ": " .. count)
    end
  end)

  it("has one list of failures, and all have a sentence", function()
    local faults = require("esim.core").faults
    for _, word in ipairs { "length", "digit", "check", "deadline", "cancelled", "forked", "large" } do
      assert.is_string(faults[word])
    end
  end)

  it("names every error kind in README.md", function()
    local readme = read "README.md"
    for kind in read("lua/esim/err.lua"):match("KINDS = (%b{})"):gmatch("(%l[%l_]+) = \"") do
      assert.truthy(readme:find("| `" .. kind .. "` |", 1, true), kind)
    end
  end)

  it("names every metric in README.md", function()
    local readme = read "README.md"
    for name in read("lua/esim/metrics.lua"):gmatch("name = \"(esim_[%l_]+)\"") do
      assert.truthy(readme:find("`" .. name .. "`", 1, true), name)
    end
  end)

  it("names every directive of the sandbox in README.md", function()
    local readme = read "README.md"
    for _, file in ipairs(lines "ls lua/esim/sandbox/*.lua") do
      for name in read(file):gmatch("plan%.(%l+)") do
        assert.truthy(readme:find("`[^`\n]*" .. name), name)
      end
    end
  end)

  it("says in one sentence that a library is for another Lua, and what mends it", function()
    local mine = (os.getenv "ESIM_LUA" or "lua5.4"):gsub("^.*/.*$", "lua5.4")  -- a sanitizer's host is a 5.4
    local other = mine == "lua5.4" and "lua5.3" or "lua5.4"
    local pipe = io.popen(("LUA_PATH='%s' LUA_CPATH='build/%s/?.so' %s -e 'require \"esim.native\"' 2>&1")
      :format("lua/?.lua", mine, other))
    local said = pipe:read("*a")
    pipe:close()
    assert.truthy(said:find("make LUA=" .. other, 1, true), said)
  end)
end)

describe("each snippet of the README", function()
  local box, folder
  local snippets, pipes = {}, {}
  for snippet in read("README.md"):gmatch("```lua\n(.-)```") do snippets[#snippets + 1] = snippet end

  local function write(name, text)
    local file = assert(io.open(folder .. "/" .. name, "w"))
    file:write(text)
    file:close()
  end

  -- In a folder that is theirs, and goes with what they write.
  local function start(i, snippet)
    write(i .. ".lua", snippet)
    local lua = os.getenv "ESIM_LUA" or "lua5.4"
    if snippet:find('require "copas"', 1, true) then  -- which Debian has for Lua 5.1 alone
      lua = 'LUA_CPATH="build/luajit/?.so;;" luajit'
    end
    return assert(io.popen(("TMPDIR=%s ESIM_URL=%s ESIM_CLIENT_ID=%s ESIM_CLIENT_SECRET_FILE=%s/secret "
      .. "ESIM_TOKEN_URL=%s %s -e 'os.tmpname = require \"spec.support.scratch\"' %s/%d.lua 2>&1; echo status $?")
      :format(folder, box.url, box.client_id, folder, box.token_url, lua, folder, i)))
  end

  setup(function()  -- all at once: most of their time they wait
    box, folder = provider.start { delay = 0.2 }, scratch()
    os.remove(folder)
    assert(os.execute("mkdir " .. folder))
    write("secret", box.client_secret .. "\n")
    for i, snippet in ipairs(snippets) do pipes[i] = start(i, snippet) end
  end)
  teardown(function()
    os.execute("rm -r " .. folder)
    assert(box.stop())
  end)

  for i in ipairs(snippets) do
    it(i .. " runs", function()
      local said = pipes[i]:read("*a")
      pipes[i]:close()
      assert.truthy(said:find("status 0\n", 1, true), said)
    end)
  end

  it("was found", function()
    assert.equal(16, #snippets)
  end)
end)

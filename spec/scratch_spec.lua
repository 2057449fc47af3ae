-- Files of a spec's own: those that it leaves behind are noticed by spec/support/run.sh, and go with the run.
-- What is tested is a shell script, whichever Lua it runs: once is enough.
-- Only under LuaJIT.

local scratch = require "spec.support.scratch"

local function read(command)
  local pipe = assert(io.popen(command))
  local text = pipe:read("*a")
  pipe:close()
  return text
end

-- What a run of one spec with that text says, and what it leaves in the folder that it was given.
local function run(text)
  local place = scratch()
  os.remove(place)
  assert(os.execute("mkdir -p " .. place .. "/tmp"))
  local file = assert(io.open(place .. "/own_spec.lua", "w"))
  file:write(text)
  file:close()
  local said = read(("TMPDIR=%s/tmp SPECS=%s/own_spec.lua spec/support/run.sh luajit 2>&1"):format(place, place))
  local left = read("ls -A " .. place .. "/tmp")
  os.execute("rm -r " .. place)
  return said, left
end

describe("a spec", function()
  it("that leaves a file behind has failed, and the file is gone after the run", function()
    local said, left = run [[it("litters", function() require "spec.support.scratch" () end)]]
    assert.truthy(said:find("own_spec.lua: has left in its folder: esim_%x+\n"), said)
    assert.truthy(said:find("\n1 passed, 1 failed\n$"), said)
    assert.equal("", left)
  end)

  it("that ends without a word leaves nothing behind either", function()
    local said, left = run [[it("dies", function() os.exit(require "spec.support.scratch" () and 1, false) end)]]
    assert.truthy(said:find("\n0 passed, 1 failed\n$"), said)
    assert.equal("", left)
  end)

  it("may have files as long as it runs, each another", function()
    local said = run [[
      it("tidies", function()
        local scratch = require "spec.support.scratch"
        local one, other = scratch(), scratch()
        assert(one ~= other and io.open(one):read("*a") == "")
        os.remove(one)
        os.execute("(sleep 0.3; rm " .. other .. ") &")  -- and may take a moment
      end)]]
    assert.truthy(said:find("\n1 passed, 0 failed\n$"), said)
  end)
end)

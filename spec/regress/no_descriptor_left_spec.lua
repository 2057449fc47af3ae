-- With the engine hosted and no descriptor left for the inbox, a wait was one for nothing that could end it: the
-- order was placed, and its answer was never looked at.

local scratch = require "spec.support.scratch"

describe("an inbox without a descriptor", function()
  it("still finds what comes back", function()
    local script = scratch()
    local file = assert(io.open(script, "w"))
    file:write [[
      local core = require "esim.core"
      local inbox = core.inbox()
      inbox:sleep(0)
      inbox:wait(1)
      inbox:take()
      local other = core.inbox()
      local files = {}
      repeat files[#files + 1] = io.open "/dev/null" until #files > 40 or not io.open "/dev/null"
      inbox:sleep(0.1)
      local began = core.clock()
      repeat inbox:wait() until inbox:take()
      os.exit(core.clock() - began < 5 and other and 7 or 1)
    ]]
    file:close()
    local command = "ulimit -n 40; timeout 20 " .. (os.getenv "ESIM_LUA" or "lua5.4") .. " " .. script
    local pipe = assert(io.popen(command .. " >/dev/null 2>&1; echo $?"))
    assert.equal(7, tonumber(pipe:read("*l")))
    pipe:close()
    os.remove(script)
  end)
end)

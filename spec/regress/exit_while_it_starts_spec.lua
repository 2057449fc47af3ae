-- One thread ended the process while another's first request started the engine: OpenSSL was cleaned up while libcurl
-- set it up, and the process crashed in it.

local scratch = require "spec.support.scratch"

local THREAD = [[
  local core = require "esim.core"
  local account = core.account { url = "http://127.0.0.1:9" }
  account:token "t"
  core.inbox():request(account, { target = "/x" })
  require("esim_process").sleep(600)
]]

local SCRIPT = [[
  local process = require "esim_process"
  require "esim.core"
  process.thread(%q)
  process.sleep(%g)
  os.exit(7)
]]

describe("the end of the process", function()
  it("is clean while another thread starts the engine", function()
    local name = scratch()
    for i = 1, 60 do
      local file = assert(io.open(name, "w"))
      file:write(SCRIPT:format(THREAD, i % 24 * 0.0003))
      file:close()
      local command = "ASAN_OPTIONS=detect_leaks=0 " .. (os.getenv "ESIM_LUA" or "lua5.4") .. " " .. name
      local pipe = assert(io.popen(command .. " >/dev/null 2>&1; echo $?"))
      assert.equal(7, tonumber(pipe:read("*l")))
      pipe:close()
    end
    os.remove(name)
  end)
end)

-- One thread ended the process while another closed an inbox or cancelled: what was in flight was delivered to
-- memory that had been freed. Seen by AddressSanitizer in two exits of five.

local scratch = require "spec.support.scratch"

local THREAD = [[
  local core = require "esim.core"
  local account = core.account { url = "http://127.0.0.1:9" }
  account:token "t"
  local kept = core.inbox()
  local function fill(inbox)
    local ids = {}
    for n = 1, 30 do ids[n] = inbox:poll(account, { target = "/x", deadline = 0 }) end
    for n = 1, #ids, 2 do inbox:cancel(ids[n]) end
  end
  while true do
    local inbox = core.inbox()
    fill(inbox)
    inbox:close()
    fill(kept)
    repeat until not kept:take()
  end
]]

local SCRIPT = [[
  local process = require "esim_process"
  for _ = 1, 2 do process.thread(%q) end
  os.execute "sleep 0.%02d"
  os.exit(7)
]]

describe("the end of the process", function()
  it("is clean while other threads' states close and cancel", function()
    for i = 1, 20 do
      local name = scratch()
      local file = assert(io.open(name, "w"))
      file:write(SCRIPT:format(THREAD, 5 + i % 10))
      file:close()
      local command = "ASAN_OPTIONS=detect_leaks=0 " .. (os.getenv "ESIM_LUA" or "lua5.4") .. " " .. name
      local pipe = assert(io.popen(command .. " >/dev/null 2>&1; echo $?"))
      assert.equal(7, tonumber(pipe:read("*l")))
      pipe:close()
      os.remove(name)
    end
  end)
end)

-- A record that a hook had no memory for was lost, and counted nowhere.

local core = require "esim.core"
local loop = require "esim.loop"

local TAG = 7

describe("a record that its hook has no memory for", function()
  it("is told as dropped by the next one that is given", function()
    local account = assert(core.account { url = "http://127.0.0.1:1", records = true })
    local short, heard = 2, {}
    local function hook(record)
      if short > 0 then
        short = short - 1
        error("not enough memory", 0)
      end
      heard[#heard + 1] = record.dropped or 0
    end
    local host = loop.host()
    host.tell = function() end
    loop.hook(TAG, hook)
    for _ = 1, 4 do loop.await(assert(loop.submit("request", account, { target = "/x", tag = TAG }))) end
    loop.hook(TAG, nil)
    host.tell = nil
    assert.same({ 2, 0 }, heard)
  end)
end)

-- An iterator of esim.each that was closed by one task while another waited in its step for a token: that one went on
-- with the wait when the token came.

local esim = require "esim"
local loop = require "esim.loop"
local provider = require "spec.support.provider"

local may_share = _VERSION ~= "Lua 5.1" or type(rawget(_G, "jit")) == "table"  -- there the iterator gathers
local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

-- A client whose token takes a while, and a look at how far that is.
local function slow_client()
  local at = {}
  return assert(esim.client { url = box.url, token = function()
    at.begun = true
    esim.sleep(0.2)
    at.over = true
    return box.token, 300
  end }), at
end

local function until_it(at, what)
  while not at[what] do esim.sleep(0.01) end
end

describe("what is called off while a token is fetched", function()
  local line

  before_each(function() line = assert(box.client:order(provider.input "sandbox:slow=30")):save() end)

  if may_share then
    it("begins no wait when that comes: an iterator that is closed", function()
      local client, at = slow_client()
      esim.run(function()
        local each = esim.each(client, { line, line }, { timeout = 60 })
        local stepper = esim.spawn(function() while each() do end end)
        until_it(at, "begun")
        each:close()
        until_it(at, "over")
        stepper:join()
        assert.equal(0, loop.count())
      end)
    end)
  end

  it("begins no wait when that comes: an order", function()
    local client, at = slow_client()
    esim.run(function()
      local order = client:resume(line)
      local waiter = esim.spawn(function() return order:wait { timeout = 60 } end)
      until_it(at, "begun")
      order:cancel()
      until_it(at, "over")
      assert.equal("cancelled", select(2, waiter:join()).kind)
      assert.equal(0, loop.count())
    end)
  end)
end)

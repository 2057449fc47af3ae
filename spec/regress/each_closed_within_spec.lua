-- An on_status that closed the iterator of esim.each in whose step it was called: that wait was ended twice. The log
-- was told so, and the iterator counted -1 orders.

local esim = require "esim"
local provider = require "spec.support.provider"

local box

setup(function() box = provider.start { delay = 0.1 } end)
teardown(function() assert(box.stop()) end)

describe("an iterator that on_status closes", function()
  it("ends each wait once", function()
    local told, each = {}, nil
    local client = assert(esim.client { url = box.url, token = box.token, log = function(entry)
      if entry.what == "wait" then told[#told + 1] = entry.state end
    end })
    local orders = { assert(client:order(provider.input())), assert(client:order(provider.input())) }
    each = esim.each(client, orders, {
      timeout = 20, first = 0.02, factor = 1, on_status = function() each:close() end,
    })
    while each() do end
    table.sort(told)
    assert.same({ "begun", "begun", "ended", "ended" }, told)
    assert.equal("esim.each: 0 orders", tostring(each))
  end)

  it("begins no more where its source closes it", function()
    local each
    each = esim.each(box.client, function()
      each:close()
      return assert(box.client:order(provider.input "sandbox:slow=30"))
    end, { timeout = 60 })
    assert.is_nil((each()))
  end)
end)

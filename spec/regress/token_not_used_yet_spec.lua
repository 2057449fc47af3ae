-- A token that was given as a text was no secret before its first use: what held it was told and written down.

local esim = require "esim"

local TOKEN = "tok-5f1e9c27a4d84b60"

describe("a token that nothing was sent with yet", function()
  it("is told in no order, saved line or saved experience", function()
    local client = assert(esim.client { url = "https://127.0.0.1:1", token = TOKEN })
    assert.is_true(client:experience("esim-experience 1\nNEW_ESIM=" .. TOKEN .. " 1 2\nNEW_ESIM=p 1 2\nend\n"))
    assert.equal("esim-experience 1\nNEW_ESIM=p 1 2\nend\n", client:experience())
    local line = ("esim-order 1 id=x created=1 status=%s kind=A%%20%s end"):format(TOKEN, TOKEN)
    local order = assert(client:resume(line))
    assert.is_nil(order:save():find(TOKEN, 1, true))
    assert.is_nil(tostring(order):find(TOKEN, 1, true))
    assert.is_nil(tostring(assert(client:resume("id-" .. TOKEN))):find(TOKEN, 1, true))
  end)
end)

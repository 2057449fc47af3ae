-- The wait before a token is asked for again was broken off, by an interrupt or for want of memory: the client believed
-- for ever that somebody was at it, and said that the token function used the client.

local esim = require "esim"
local loop = require "esim.loop"
local provider = require "spec.support.provider"

describe("a token whose fetch is broken off", function()
  local box

  setup(function() box = provider.start { delay = 0 } end)
  teardown(function()
    esim.use(nil)
    box.token_fault()
    assert(box.stop())
  end)

  it("is fetched by the next who needs one", function()
    local client = assert(esim.client { url = box.url, credentials = {
      client_id = box.client_id, client_secret = box.client_secret, token_url = box.token_url,
    } })
    box.token_fault "down=20"
    esim.use { await = function(pending)
      if pending.kind == "sleep" then error("interrupted", 0) end
      while not pending.ready do loop.wait(1) end
    end }
    local ok, reason = pcall(client.order, client, provider.input())
    assert.same({ false, "interrupted" }, { ok, reason })
    esim.use(nil)
    box.token_fault()
    assert(client:order(provider.input()))
  end)
end)

-- A controller of cqueues that was closed while a coroutine of its fetched the token: all others who needed one went on
-- waiting for it for a quarter of a minute and more, as for one who may still come back.

local cqueues = require "cqueues"
local esim = require "esim"
local loop = require "esim.loop"
local provider = require "spec.support.provider"

describe("a token that a closed loop was fetching", function()
  local box

  setup(function() box = provider.start { delay = 0 } end)
  teardown(function() assert(box.stop()) end)

  local function begin(client)
    local controller = cqueues.new()
    controller:wrap(function() client:products() end)
    assert(controller:step(0))
    return controller
  end

  local function connect()
    return assert(esim.client { url = box.url, timeout = 10, credentials = {
      client_id = box.client_id, client_secret = box.client_secret, token_url = box.token_url,
    } })
  end

  it("is fetched by the next who needs one", function()
    local client = connect()
    begin(client):close()
    assert(client:order(provider.input(), { timeout = 10 }))
    assert.is_nil(next(loop.kept()))
  end)

  it("is fetched by one who waits for it in another loop", function()
    local client = connect()
    local first, other = begin(client), cqueues.new()
    local got
    other:wrap(function() got = assert(client:order(provider.input(), { timeout = 10 })) end)
    assert(other:step(0))
    first:close()
    assert(other:loop())
    assert.truthy(got.id)
    assert.is_nil(next(loop.kept()))
  end)
end)

-- Run with the allocator of failing.c preloaded: `watching.lua url secret [careless]`. Sends the secret in each place
-- of a request, to a provider that says it again, and prints for each: its name, how many blocks that the core freed
-- held it, how many it freed. With `careless` nothing is wiped.

local core = require "esim.core"
local failing = require "esim_failing"
local oauth = require "esim.auth.oauth"

local url, secret, careless = arg[1], arg[2], arg[3] == "careless"
local basic = core.base64("me:" .. secret)  -- as it stands in the request

local function take(inbox)
  local id, fault = inbox:take()
  while not id do
    inbox:wait(5)
    id, fault = inbox:take()
  end
  return id, fault
end

local function request(style, target)
  local spec = oauth.request { client_id = "me", client_secret = secret, style = style }
  spec.target = target
  return spec
end

-- One that is answered, one that is called off on the wire, one whose inbox is closed meanwhile.
local function exchange(style)
  local account, inbox = assert(core.account { url = url }), core.inbox()
  assert(inbox:request(account, request(style, "/echo")))
  assert(select(2, take(inbox)) == nil)
  local id = assert(inbox:request(account, request(style, "/hang")))
  inbox:wait(0.05)
  inbox:cancel(id)
  assert(inbox:request(account, request(style, "/hang")))
  inbox:wait(0.05)
  inbox:close()
end

-- A poll, whose answer is remembered and compared.
local function look()
  local account, inbox = assert(core.account { url = url }), core.inbox()
  local id = assert(inbox:poll(account, {
    target = "/echo", headers = { "X-Say: " .. secret }, first = 0.001, factor = 1, cap = 0.001,
  }))
  assert(take(inbox) == id)
  inbox:again(id)
  inbox:wait(0.05)
  inbox:close()
end

-- A token, and the one after it.
local function sign()
  local account, inbox = assert(core.account { url = url }), core.inbox()
  for i = 1, 2 do
    assert(account:token(secret .. i))
    assert(inbox:request(account, { target = "/echo" }))
    take(inbox)
  end
  inbox:close()
end

local function watch(name, mark, f, ...)
  failing.watch(mark, careless)
  f(...)
  collectgarbage()
  collectgarbage()
  local inbox = core.inbox()  -- what was posted before is done before this
  inbox:sleep(0)
  take(inbox)
  inbox:close()
  print(name, failing.watched())
end

watch("body", secret, exchange, "body")
watch("basic", basic, exchange, "basic")
watch("answer", secret, look)
watch("token", secret, sign)

-- nginx's C part alone, turn by turn, with nginx's symbols played by spec/support/worker.c.

local core = require "esim.core"
local process = require "esim_process"
local provider = require "spec.support.provider"

local worker, box, account, inbox

local function load_worker()
  for template in package.cpath:gmatch("[^;]+") do
    local name = template:gsub("%?", "esim_worker")
    if process.load(name) then return assert(package.loadlib(name, "luaopen_esim_worker"))() end
  end
  error("esim_worker.so is not built")
end

setup(function()
  worker = load_worker()
  box = provider.start { delay = 0.1 }
  account = assert(core.account { url = box.url })
  assert(account:token(box.token))
end)
teardown(function() assert(box.stop()) end)

-- Submit what `address` is to be woken for. Where it was delivered before it was watched, the machine paused: anew.
local function watched(address, kind, ...)
  for _ = 1, 20 do
    local id = assert(inbox[kind](inbox, ...))
    if inbox:watch(id, address) then
      return id
    end
    inbox:cancel(id)
  end
  error("nothing can be watched before it is delivered")
end

-- Wait until the engine has delivered all that was due before.
local function settle()
  local other = core.inbox()
  process.sleep(0.02)
  local id = assert(other:sleep(0))
  repeat assert(other:wait(30)) until other:take() == id
  other:close()
end

local function turn_until(count)
  local all = {}
  for _ = 1, 300 do
    for _, address in ipairs(worker.turn(0.1)) do all[#all + 1] = address end
    if #all >= count then break end
  end
  return all
end

local HEADERS = { "X-Correlation-ID: wake", "Content-Type: application/json", "Cache-Control: no-cache" }

describe("the bell", function()
  it("is not listened to by a master", function()
    inbox = core.inbox()
    worker.role(1)
    assert.is_false(core.nginx.host(inbox, "http"))
    assert.is_false(inbox:watch(assert(inbox:sleep(60)), 64))
    assert.equal(0, worker.registered())
  end)

  it("is listened to once, whatever the number of Lua states", function()
    worker.role(3)
    assert.is_true(core.nginx.host(inbox, "http"))
    local other = core.inbox()
    assert.is_true(core.nginx.host(other, "http"))
    assert.equal(1, worker.registered())
    other:close()
  end)

  it("wakes no more than 32 in one turn of the event loop, and the others in the next", function()
    for i = 1, 50 do watched(64 * i, "sleep", 0.05) end
    process.sleep(0.05)
    settle()
    local first, second = worker.turn(1), worker.turn(1)
    assert.same({ 32, 18 }, { #first, #second })
    assert.same({ 64, 64 * 33 }, { first[1], second[1] })
    repeat until not inbox:take()
  end)

  it("is not listened to for a subsystem that is not there, or when that is not wanted", function()
    local other = core.inbox()
    assert.is_false(core.nginx.host(other, "stream"))
    assert.is_false(core.nginx.host(other))
    other:close()
  end)

  it("wakes who waits, once", function()
    local calls = core.nginx.calls()
    watched(64, "sleep", 0.05)
    assert.same({ 64 }, turn_until(1))
    assert.equal(calls + 1, core.nginx.calls())
    assert.same({}, worker.turn(0.05))
    assert.is_number(inbox:take())
    assert.same({}, worker.turn(0.05))
  end)

  it("rings once for many, and wakes each", function()
    local calls = core.nginx.calls()
    for i = 1, 20 do watched(64 * i, "sleep", 0.05) end
    process.sleep(0.05)
    settle()
    assert.equal(20, #worker.turn(1))
    assert.equal(calls + 1, core.nginx.calls())
    for _ = 1, 20 do assert.is_number(inbox:take()) end
  end)

  it("wakes nobody who was cancelled, who took, or whose state has closed", function()
    local id = watched(64, "sleep", 0.02)
    process.sleep(0.02)
    settle()
    inbox:cancel(id)
    watched(128, "sleep", 0.02)
    process.sleep(0.02)
    settle()
    assert.is_number(inbox:take())
    local other, mine = core.inbox(), inbox
    assert.is_true(core.nginx.host(other, "http"))
    inbox = other
    watched(192, "sleep", 0.02)
    inbox = mine
    process.sleep(0.02)
    settle()
    other:close()
    assert.same({}, worker.turn(0.05))
  end)

  it("is not for who comes after the delivery", function()
    local id = assert(inbox:sleep(0.02))
    process.sleep(0.02)
    settle()
    assert.is_false(inbox:watch(id, 64))
    assert.equal(id, inbox:take())
    assert.is_false(inbox:watch(id, 64))
  end)

  it("rings for every look that is told, and for the last waiter alone", function()
    local look = { target = "/v1/order/none", headers = HEADERS, first = 0.1, factor = 1 }
    local id
    repeat
      id = watched(64, "poll", account, look)
      local both = inbox:watch(id, 128)
      if not both then inbox:cancel(id) end
    until both
    assert.same({ 128 }, turn_until(1))
    repeat
      assert.equal(id, inbox:take())
      assert.is_true(inbox:again(id))
    until inbox:watch(id, 192)
    assert.same({ 192 }, turn_until(1))
    inbox:cancel(id)
  end)

  it("is another one in a child", function()
    local pid = process.fork()
    if pid == 0 then
      inbox = core.inbox()
      local ok = core.nginx.calls() == 0 and core.nginx.host(inbox, "http") and worker.registered() == 2
      watched(64, "sleep", 0.01)
      process.exit(ok and turn_until(1)[1] == 64 and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
    watched(64, "sleep", 0.01)
    assert.same({ 64 }, turn_until(1))
    assert.is_number(inbox:take())
  end)

  it("may be rung from the engine's thread at any moment", function()
    local woken, submitted = 0, 0
    for i = 1, 500 do
      local id = assert(inbox:sleep((i % 4) * 0.0005))
      if inbox:watch(id, 64) then submitted = submitted + 1 end
      if i % 3 == 0 then woken = woken + #worker.turn(0) end
      if i % 7 == 0 then inbox:cancel(id) end
      while inbox:take() do end
    end
    assert.is_true(woken <= submitted)
    process.sleep(0.05)
    while inbox:take() do end
  end)
end)

describe("a request that is over", function()
  local BODY = '{"input":{"operationType":"NEW_ESIM","countryCode":"PT","customer":{"email":"a@example.com"},'
    .. '"device":{"id":"1","type":"ios"},"subscriptions":[{"product_id":"sandbox:hang=1"}]}}'

  local function outcomes_of(ids)
    local list, left = {}, #ids
    for _ = 1, 1500 do
      local id, fault, got = inbox:take()
      for _, wanted in ipairs(ids) do
        if id == wanted then
          list[id], left = fault or got.http, left - 1
        end
      end
      if left == 0 then return list end
      process.sleep(id and 0 or 0.02)
    end
  end

  it("ends what it submitted; an order on the wire finishes", function()
    local visit = core.nginx.visit(inbox, 4096)
    local order = assert(inbox:order(account, { target = "/v1/order", headers = HEADERS, body = BODY, timeout = 20 }))
    local look = assert(inbox:poll(account, { target = "/v1/order/none", headers = HEADERS, first = 60 }))
    local sleep = assert(inbox:sleep(60))
    local ids = { order, look, sleep }
    for _, id in ipairs(ids) do assert.is_true(visit:enter(id)) end
    provider.await_order(box, "wake")
    worker.finish(4096)
    assert.is_false(visit:enter(order))
    assert.same({ [order] = 200, [look] = "cancelled", [sleep] = "cancelled" }, outcomes_of(ids))
  end)

  it("is not asked for what has ended, however much it was", function()
    local visit = core.nginx.visit(inbox, 8192)
    for _ = 1, 1000 do
      assert.is_true(visit:enter(assert(inbox:sleep(0))))
      while inbox:take() do end
    end
    visit = nil  -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    worker.finish(8192)
  end)
end)

describe("a bell that nobody hears", function()
  it("is given up in the whole process", function()
    core.nginx.give_up(inbox)
    assert.is_false(core.nginx.host(inbox, "http"))
    assert.is_false(inbox:watch(assert(inbox:sleep(0)), 64))
    assert.is_true(inbox:wait(30))
    inbox:close()
  end)
end)

-- Whose turn it is, where more is due than may go: orders, calls, looks at orders, accounts beside each other.

local core = require "esim.core"
local peer = require "spec.support.peer"
local provider = require "spec.support.provider"

local DUE = { first = 0.001, factor = 1, cap = 0.001, jitter = 0 }  -- a look of that age is due at once

-- A provider of one connection at a time. Each answer says the how-manieth it is; `refuse` gives what is told instead.
local function serve(refuse)
  return peer.start(function(server)
    local connection, count = server:accept(), 0
    while connection do
      local text = server:request(connection)
      if text then
        count = count + 1
        server:write(connection, refuse and refuse(text) or peer.answer("200 OK", ('{"n":%d}'):format(count)))
      else
        server:close(connection)
        connection = server:accept()
      end
    end
    return 0
  end)
end

local function account_of(server, options)
  options = options or {}
  options.url, options.connections = server.url, 1
  return assert(core.account(options))
end

local function look(kind, age, changes)
  local spec = { method = "GET", target = "/v1/order/x", kind_of = kind, age = age, seen = 0 }
  for key, value in pairs(DUE) do spec[key] = value end
  for key, value in pairs(changes or {}) do spec[key] = value end
  return { "poll", spec }
end

local function call()
  local spec = { method = "GET", target = "/v1/product", age = 1 }
  for key, value in pairs(DUE) do spec[key] = value end
  return { "poll", spec }
end

local function order()
  return { "order", { method = "POST", target = "/v1/order", body = "{}" } }
end

local function take_one(inbox)
  while true do
    local id, fault, got = inbox:take()
    if id then return id, fault, got end
    inbox:wait(30)
  end
end

-- Submit all while the account's token has ended, so that nothing goes; then give it a new one.
-- @return by name the place in which each reached the provider, and its fault
local function run(a, work)
  local inbox, names = core.inbox(), {}
  assert(a:token("ended", 0, 0))
  for name, item in pairs(work) do names[assert(inbox[item[1]](inbox, a, item[2]))] = name end
  local id, fault, got = take_one(inbox)
  assert(got.stale, fault)  -- one of them is told
  if not inbox:again(id) then  -- it is not a poll: it is submitted anew
    local name = names[id]
    names[assert(inbox[work[name][1]](inbox, a, work[name][2]))] = name
  end
  assert(a:token "good")
  local places, faults = {}, {}
  for _ in pairs(work) do
    id, fault, got = take_one(inbox)
    places[names[id]] = tonumber((got.body or ""):match '"n":(%d+)') or false
    faults[names[id]] = fault
  end
  inbox:close()
  return places, faults
end

local function sorted(places)
  local names = {}
  for name in pairs(places) do names[#names + 1] = name end
  table.sort(names, function(one, other) return places[one] < places[other] end)
  return names
end

-- What is known of orders that took about `seconds`.
local function taught(seconds)
  local x = core.experience()
  for i = 1, 100 do
    local age = seconds * (0.9 + 0.002 * i)
    x:learn(0, age * 0.9, false)
    x:learn(age * 0.9, age, true)
  end
  return x
end

describe("of the looks that are due", function()
  local server
  setup(function() server = serve() end)

  it("that with the greatest expected unseen waiting goes first, whatever its kind and its age", function()
    local a, known = account_of(server), { ["NEW_ESIM soon"] = taught(200), ["NEW_ESIM late"] = taught(3000) }
    for kind, x in pairs(known) do assert.is_true(a:experience(kind, x:save())) end
    known["NEW_ESIM none"] = core.experience()
    local work, unseen = {}, {}
    for _, one in ipairs {
      { "NEW_ESIM soon", 900 }, { "NEW_ESIM soon", 300 }, { "NEW_ESIM soon", 4000, 3950 }, { "NEW_ESIM late", 9000 },
      { "NEW_ESIM late", 1500 }, { "NEW_ESIM late", 6000, 2600 }, { "NEW_ESIM none", 500 }, { "NEW_ESIM none", 90 },
    } do
      local kind, age, seen = one[1], one[2], one[3] or 0
      local name = kind .. " " .. age
      work[name] = look(kind, age, { seen = seen, first = 1e-3 })
      unseen[name] = -known[kind]:unseen(seen, age)
    end
    assert.same(sorted(unseen), sorted((run(a, work))))
  end)

  it("the oldest goes first of those that were looked at last at the same age", function()
    local work, ages = {}, {}
    for i = 1, 40 do
      local age = 1000 + (i * 17) % 41 * 100
      work[i], ages[i] = look("NEW_ESIM one", age), -age
    end
    assert.same(sorted(ages), sorted((run(account_of(server), work))))
  end)

  it("one at its deadline goes before all others", function()
    provider.slowly(function()
      local work = { final = look("NEW_ESIM one", 2, { deadline = 0 }) }
      for i = 1, 10 do work[i] = look("NEW_ESIM one", 1000 * i) end
      local places, faults = run(account_of(server), work)
      if faults.final then return false end  -- five seconds had passed
      assert.equal("final", sorted(places)[1])
      return true
    end)
  end)
end)

describe("new orders", function()
  local server
  setup(function() server = serve() end)

  it("go before looks, but no more than eight in a row", function()
    local work = {}
    for i = 1, 20 do work["order" .. i] = order() end
    for i = 1, 3 do work["look" .. i] = look("NEW_ESIM one", 1000) end
    local kinds = {}
    for _, name in ipairs(sorted((run(account_of(server), work)))) do kinds[#kinds + 1] = name:sub(1, 1) end
    assert.equal("ooooooooloooooooolooool", table.concat(kinds))
  end)

  it("and calls go first come, first served, for a call is no look", function()
    local inbox, a, submitted, places = core.inbox(), account_of(server), {}, {}
    assert(a:token("ended", 0, 0))
    for i = 1, 12 do
      local item = i % 3 == 0 and call() or order()
      submitted[i] = assert(inbox[item[1]](inbox, a, item[2]))
    end
    local told = take_one(inbox)
    assert(a:token "good")
    for _ = 1, 11 do
      local id, _, got = take_one(inbox)
      places[id] = tonumber(got.body:match '"n":(%d+)')
    end
    inbox:close()
    local last = 0
    for _, id in ipairs(submitted) do
      if id ~= told then
        assert.is_true(places[id] > last)
        last = places[id]
      end
    end
  end)
end)

describe("a Retry-After on one account", function()
  it("does not slow another", function()
    local server = serve(function(text)
      return text:find("GET /slow", 1, true)
        and peer.answer("429 Too Many Requests", "{}", "Retry-After: 600\r\n") or nil
    end)
    local other = serve()
    local inbox, slow, quick = core.inbox(), account_of(server), account_of(other)
    local held = assert(inbox:poll(slow, look("NEW_ESIM one", 9, { target = "/slow", deadline = 3000 })[2]))
    for _ = 1, 20 do
      assert(inbox:poll(quick, look("NEW_ESIM one", 9)[2]))
      local id, fault, got = take_one(inbox)
      assert.is_true(id ~= held and not fault and got.http == 200)
    end
    assert(inbox:request(slow, { method = "GET", target = "/slow", deadline = 0.05 }))
    local id, fault = take_one(inbox)
    assert.same({ true, "deadline" }, { id ~= held, fault })  -- that one is held
    inbox:close()
  end)
end)

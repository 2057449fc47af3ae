-- What orders took, and when it makes one look: pure functions of ages; saved as text; what a client learns.

local core = require "esim.core"
local esim = require "esim"
local eventually = require "spec.support.eventually"
local process = require "esim_process"
local provider = require "spec.support.provider"

local MIDDLE = 0.5  -- no jitter

-- What was learned from orders that took `time(i)` seconds, looked at where the rule says so.
local function learned(count, time, options)
  local x = core.experience()
  for i = 1, count do
    local takes, last, looks, age = time(i), 0, 0
    repeat
      age = x:next_look(options or {}, last, looks, MIDDLE)
      x:learn(last, age, age >= takes)
      last, looks = age, looks + 1
    until age >= takes or age > 600
  end
  return x
end

local function looks_of(x, options, count)
  local ages, last = {}, 0
  for i = 1, count do
    last = x:next_look(options, last, i - 1, MIDDLE)
    ages[i] = last
  end
  return ages
end

-- Completions and seconds of exposure, summed up over the bins of a text.
local function sums(text)
  local sum, i = { 0, 0 }, 0
  for digits, power in text:gmatch "(%d+)e?(%-?%d*)" do
    sum[i % 2 + 1] = sum[i % 2 + 1] + tonumber(digits) * 10 ^ (tonumber(power) or 0)
    i = i + 1
  end
  return sum[1], sum[2]
end

local function near(expected, value, share)
  assert.is_true(math.abs(value - expected) <= (share or 1e-5) * math.abs(expected), value .. " for " .. expected)
end

describe("an experience", function()
  it("that is none looks as without one", function()
    local x = core.experience()
    for _, last in ipairs { 0, 0.3, 5, 77, 5000 } do
      assert.equal(core.next_look({}, last, 1, MIDDLE), x:next_look({}, last, 1, MIDDLE))
    end
  end)

  it("of orders that take 30 s does not look often before, and soon after", function()
    local ages, before, at = looks_of(learned(200, function(i) return 29 + i % 20 / 10 end), {}, 12), 0, 0
    for _, age in ipairs(ages) do
      if age < 28.5 then before = before + 1 elseif age < 33 then at = at + 1 end
    end
    assert.is_true(before <= 2 and at >= 2, table.concat(ages, " "))  -- without experience five and one
  end)

  it("of twenty orders tells already", function()
    assert.is_true(looks_of(learned(20, function() return 40 end), {}, 1)[1] > 4)  -- without experience 2.1
  end)

  it("of however many slow orders looks early now and then: a speed-up is to be noticed", function()
    assert.is_true(looks_of(learned(900, function() return 60 end), {}, 1)[1] < 20)
  end)

  it("notices a sudden speed-up and a slowing down", function()
    local function turning(before, after)
      return function(i) return i <= 600 and before or after end
    end
    local fast = looks_of(learned(1200, turning(60, 2)), {}, 3)
    assert.is_true(fast[1] < 6 and fast[2] < 15, fast[1] .. " " .. fast[2])
    assert.is_true(looks_of(learned(1200, turning(2, 60)), {}, 1)[1] > 6)
  end)

  it("looks where the unseen waiting is the price", function()
    local x = learned(200, function(i) return 5 + i % 30 end)
    for _, price in ipairs { 0.05, 0.5, 1, 4 } do
      for _, last in ipairs { 0, 0.4, 7, 20, 33 } do
        local age = x:next_look({ price = price }, last, 1, MIDDLE)
        if age - last > 0.2 + 1e-9 and age - last < 120 - 1e-9 then near(price, x:unseen(last, age)) end
      end
    end
  end)

  it("tells what waiting may be unseen: the integral of what the chances sum up to", function()
    local x = learned(100, function(i) return 3 + i % 9 end)
    assert.equal(0, x:unseen(7, 7))
    for _, last in ipairs { 0, 0.25, 3.3, 9000, 20000 } do
      for _, more in ipairs { 0.1, 3, 900, 1e5 } do
        -- A(a, t) = A(a, m) + A(m, t) + (t - m) * H(m), and H is the slope of A: by a small step behind m.
        local m, t = last + more / 3, last + more
        local step = 1e-6 * m + 1e-6
        local slope = (x:unseen(last, m + step) - x:unseen(last, m - step)) / (2 * step)
        near(x:unseen(last, t), x:unseen(last, m) + x:unseen(m, t) + (t - m) * slope, 1e-3)
      end
    end
  end)

  it("counts one completion for each, faded, and as many seconds as orders were seen open", function()
    local x = core.experience()
    x:learn(0, 10, false)
    x:learn(10, 11, false)
    local done, seconds = sums(x:save())
    assert.equal(0, done)
    near(11, seconds)
    x:learn(11, 13, true)
    done, seconds = sums(x:save())
    near(1, done)
    assert.is_true(seconds > 11 * 299 / 300 and seconds < 11 * 299 / 300 + 2, "exposed: " .. seconds)
    for _ = 1, 3000 do x:learn(0, 5, true) end
    near(300, sums(x:save()), 1e-3)
  end)

  it("spreads a completion over the time in which it may have been", function()
    local x = core.experience()
    x:learn(3, 40, true)
    local before, after = {}, 0
    for digits, power in x:save():gmatch "(%d+)e?(%-?%d*) %S+" do
      before[#before + 1] = tonumber(digits) * 10 ^ (tonumber(power) or 0)
    end
    for i, completed in ipairs(before) do
      if 0.25 * 2 ^ ((i - 1) / 4) <= 3 then assert.equal(0, completed) else after = after + completed end
    end
    near(1, after)
  end)

  it("learns nothing of ages that cannot be", function()
    local x = core.experience()
    x:learn(5, 5, true)
    x:learn(5, 4, false)
    assert.equal("", x:save())
    assert.is_false(pcall(x.learn, x, -1, 4, true))
    assert.is_false(pcall(x.learn, x, 0, 0 / 0, true))
    assert.is_false(pcall(x.learn, x, 0, math.huge, true))
  end)

  it("leaves a schedule of the caller's own alone", function()
    local own = { first = 3, factor = 2, cap = 10, jitter = 0 }
    assert.same({ 3, 9, 19 }, looks_of(learned(50, function() return 60 end), own, 3))
  end)

  it("as text comes back as it was", function()
    for _, x in ipairs { core.experience(), learned(3, function(i) return i end), learned(900, function(i)
      return i * 7919 % 600
    end) } do
      local text, again = x:save(), core.experience()
      assert.is_nil(text:find "[^%de%- ]")
      assert.is_true(#text < 2048)
      assert.is_true(again:load(text))
      assert.equal(text, again:save())
      for _, last in ipairs { 0, 10, 100 } do
        near(x:next_look({}, last, 0, MIDDLE), again:next_look({}, last, 0, MIDDLE))
      end
    end
  end)

  for _, text in ipairs { " ", "1 ", " 1", "1  2", "-1", "1.5", "1e", "1e-", "1e99", "1e21", "9999999e12", "inf", "nan",
    "0x1", "12345678", "1,5", ("1 "):rep(128) .. "1", "1\n2" } do
    it("refuses " .. ("%q"):format(text:sub(1, 12)) .. " as text, and stays as it was", function()
      local x = learned(3, function() return 9 end)
      local before = x:save()
      assert.is_false(x:load(text))
      assert.equal(before, x:save())
    end)
  end
end)

describe("a client", function()
  local box
  setup(function() box = provider.start { delay = 0.1 } end)
  teardown(function() assert(box.stop()) end)

  local function new_client()
    return assert(esim.client { url = box.url, token = box.token })
  end

  local QUICK = { timeout = 60, first = 0.05, factor = 1, cap = 0.05 }

  local function buy(client, product)
    local placed = assert(client:order(provider.input(product)))
    return placed, placed:wait(QUICK)
  end

  -- What it knows of a product: completions, seconds.
  local function known(client, product)
    for line in client:experience():gmatch "[^\n]+" do
      local numbers = line:match("^NEW_ESIM=" .. product:gsub("%p", "%%%0") .. " (.*)$")
      if numbers then return sums(numbers) end
    end
    return 0, 0
  end

  it("has no experience at first", function()
    assert.equal("esim-experience 1\nend\n", new_client():experience())
  end)

  it("learns what an order took, also one that failed, by its product", function()
    local client = new_client()
    assert.truthy(select(2, buy(client, "sandbox:slow=0")))
    assert.is_nil(select(2, buy(client, "sandbox:failed")))
    near(1, (known(client, "sandbox%3Aslow%3D0")))
    near(1, (known(client, "sandbox%3Afailed")))
    buy(client, "sandbox:slow=0")
    near(1 + 299 / 300, (known(client, "sandbox%3Aslow%3D0")))
  end)

  it("learns of an order that it did not see completed only that it was open", function()
    local client = new_client()
    local placed = assert(client:order(provider.input "sandbox:slow=600"))
    local heard
    esim.run(function()
      local waiting = esim.spawn(function() return placed:wait(QUICK) end)
      heard = assert(eventually(function()
        local seconds = select(2, known(client, "sandbox%3Aslow%3D600"))
        return seconds > 0.2 and seconds
      end), "it never learned")
      placed:cancel()
      assert.equal("cancelled", select(2, waiting:join()).kind)
    end)
    local done, seconds = known(client, "sandbox%3Aslow%3D600")
    assert.equal(0, done)
    assert.is_true(seconds >= heard)
  end)

  it("counts an order once, for which two waited", function()
    local client = new_client()
    esim.run(function()
      local placed = assert(client:order(provider.input "sandbox:slow=0"))
      esim.all { function() return placed:wait(QUICK) end, function() return placed:wait(QUICK) end }
    end)
    near(1, (known(client, "sandbox%3Aslow%3D0")))
  end)

  it("learns nothing from an id alone, of which nobody knows how old it is", function()
    local client = new_client()
    local placed = assert(box.client:order(provider.input "sandbox:slow=0"))
    assert(assert(client:resume(placed.id)):wait(QUICK))
    assert.equal("esim-experience 1\nend\n", client:experience())
  end)

  it("learns nothing of orders of which the kind is not known", function()
    local a, inbox = assert(core.account { url = box.url }), core.inbox()
    assert(a:token(box.token))
    for _, kind in ipairs { "", "NEW_ESIM known" } do
      local id = assert(inbox:poll(a, { target = "/v1/order/none", kind_of = kind, first = 0.05, cap = 0.05 }))
      assert.is_true(inbox:wait(30))
      assert.equal(id, (inbox:take()))
      inbox:cancel(id, true)
      assert.equal(kind == "", a:experience(kind) == "")
    end
    assert.same({ "NEW_ESIM known" }, a:kinds())
    inbox:close()
  end)

  it("learns from an order that another process saved", function()
    local line = assert(box.client:order(provider.input "sandbox:slow=0")):save()
    local client = new_client()
    assert(assert(client:resume(line)):wait(QUICK))
    near(1, (known(client, "sandbox%3Aslow%3D0")))
    local old = assert(box.client:order(provider.input "sandbox:slow=0")):save():gsub(" kind=%S+", "")
    assert(assert(client:resume(old)):wait(QUICK))  -- saved by a version that did not know
    near(1, (known(client, "sandbox%3Aslow%3D0")))
  end)

  it("has after a fork what its parent knew, and learns for itself", function()
    local client = new_client()
    buy(client, "sandbox:slow=0")
    local placed = assert(client:order(provider.input "sandbox:slow=600"))
    esim.run(function()
      local waiting = esim.spawn(function() return placed:wait(QUICK) end)  -- the parent's looks are in its queues
      esim.sleep(0.2)
      local pid = process.fork()
      if pid == 0 then
        local own = client:order(provider.input "sandbox:slow=0")
        local done = own and own:wait(QUICK) and known(client, "sandbox%3Aslow%3D0") or 0
        process.exit(math.abs(done - 1 - 299 / 300) < 1e-5 and 0 or 1)
      end
      assert.equal(0, process.wait(pid))
      placed:cancel()
      waiting:join()
    end)
    near(1, (known(client, "sandbox%3Aslow%3D0")))
  end)

  it("takes up what another one has learned, and looks by it", function()
    local text = "esim-experience 1\nNEW_ESIM=sandbox%3Aslow%3D0 "
      .. learned(200, function() return 0.3 end, { price = 0.01 }):save() .. "\nend\n"
    provider.slowly(function()
      local client = new_client()
      assert.is_true(client:experience(text))
      assert.equal(text, client:experience())
      local placed, began = assert(client:order(provider.input "sandbox:slow=0")), core.clock()
      assert(placed:wait { timeout = 60 })
      return core.clock() - began < 1  -- without experience no look is before that
    end)
  end)

  it("has what was loaded in the place of what it knew, and the rest stays", function()
    local client = new_client()
    buy(client, "sandbox:slow=0")
    buy(client, "sandbox:failed")
    assert.is_true(client:experience "esim-experience 1\nNEW_ESIM=sandbox%3Aslow%3D0 5 5\nTOPUP=x 0 1\nend\n")
    assert.equal(5, (known(client, "sandbox%3Aslow%3D0")))
    near(1, (known(client, "sandbox%3Afailed")))
  end)

  for wrong, text in pairs {
    ["is no saved experience"] = "x", ["was cut short"] = "esim-experience 1\nNEW_ESIM=a 1 2\n",
    ["later version"] = "esim-experience 2\nend\n", ["after its end"] = "esim-experience 1\nend\nNEW_ESIM=a 1 2\n",
    ["line 3 holds"] = "esim-experience 1\nNEW_ESIM=a 7 7\nNEW_ESIM=b 1 -2\nend\n",
    ["line 2 names"] = "esim-experience 1\n%zz$ 1 2\nend\n",
    ["too many"] = "esim-experience 1\n" .. ("NEW_ESIM=a 1 2\n"):rep(600) .. "end\n",
  } do
    it("refuses a text that " .. wrong .. ", and nothing is changed", function()
      local client = new_client()
      client:experience "esim-experience 1\nNEW_ESIM=a 1 2\nend\n"
      local before = client:experience()
      local ok, e = client:experience(text)
      assert.is_nil(ok)
      assert.same({ "invalid", "experience" }, { e.kind, e.field })
      assert.truthy(tostring(e):find(wrong, 1, true), tostring(e))
      assert.equal(before, client:experience())
    end)
  end

  it("raises at the caller's line for what is no text", function()
    local ok, reason = pcall(function() new_client():experience {} end)
    assert.is_false(ok)
    assert.truthy(reason:find("experience_spec.lua", 1, true), reason)
  end)

  it("keeps at most 256 products apart, and those beyond by their operation", function()
    local a = assert(core.account { url = box.url })
    for i = 1, 256 do assert.is_true(a:experience("NEW_ESIM p" .. i, "1 1")) end
    assert.is_false(a:experience("NEW_ESIM more", "1 1"))
    assert.equal("", a:experience "NEW_ESIM more")
    assert.is_true(a:experience("NEW_ESIM", "2 2"))
    assert.equal("2 2", a:experience "NEW_ESIM more")
    assert.equal("1 1", a:experience "NEW_ESIM p256")
    assert.equal(257, #a:kinds())
  end)

  it("writes no product down that looks like a secret", function()
    local client = new_client()
    local placed = assert(client:order(provider.input "LPA:1$rsp.example.com$AB-CDEFG"))
    assert.is_nil(placed:save():find("kind=", 1, true))
    placed:wait(QUICK)
    assert.equal("esim-experience 1\nend\n", client:experience())
  end)
end)

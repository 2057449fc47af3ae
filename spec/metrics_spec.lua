-- What clients tell their log, counted as Prometheus reads it.

local esim = require "esim"
local exposition = require "spec.support.exposition"
local provider = require "spec.support.provider"
local text = require "esim.metrics.text"

-- What was counted, after these entries.
local function counted(entries, options)
  local metrics = esim.metrics(options)
  for _, entry in ipairs(entries) do metrics.log(entry) end
  local said = metrics:text()
  assert.equal("", exposition.complaints(said))
  return exposition.read(said), said
end

local function exchange(fields)
  local entry = {
    what = "exchange", kind = "order", method = "POST", path = "/v1/order", status = 200, total = 0.2, bytes_sent = 300,
    bytes_received = 200, attempt = 1, at = 1.5,
  }
  for key, value in pairs(fields or {}) do entry[key] = value or nil end
  return entry
end

describe("metrics", function()
  it("of nothing are well formed, and have what has no labels", function()
    local values, said = counted {}
    for name, value in pairs(values) do assert.equal(0, value, name) end
    assert.equal(0, values.esim_waits_in_flight)
    assert.equal(0, values["esim_order_completion_seconds_count"])
    for name in said:gmatch("# TYPE (%S+)") do assert.equal(1, name:find("esim_", 1, true)) end
  end)

  it("count orders by outcome, each once", function()
    local values = counted {
      { what = "order", outcome = "accepted", order_id = "o1" }, { what = "order", outcome = "accepted" },
      { what = "order", outcome = "unknown", abandoned = true },
      { what = "order", outcome = "accepted", order_id = "o1", abandoned = true, known = true },
    }
    assert.equal(2, values['esim_orders_total{outcome="accepted"}'])
    assert.equal(1, values['esim_orders_total{outcome="unknown"}'])
    assert.equal(2, values.esim_orders_abandoned_total)
  end)

  it("count exchanges by kind of path, method, and status or fault", function()
    local values = counted {
      exchange(), exchange(), exchange { status = 429 }, exchange { status = false, fault = "cut", total = 40 },
      exchange { status = 200, fault = "large" },
      exchange { kind = "order_status", method = "GET", path = "/v1/order/o1", total = 0.005 },
    }
    assert.equal(2, values['esim_exchanges_total{kind="order",method="POST",status="200"}'])
    assert.equal(1, values['esim_exchanges_total{kind="order",method="POST",status="429"}'])
    assert.equal(1, values['esim_exchanges_total{kind="order",method="POST",status="cut"}'])
    assert.equal(1, values['esim_exchanges_total{kind="order",method="POST",status="large"}'])
    assert.equal(1, values['esim_exchanges_total{kind="order_status",method="GET",status="200"}'])
    assert.equal(1500, values['esim_exchange_sent_bytes_total{kind="order"}'])
    assert.equal(1000, values['esim_exchange_received_bytes_total{kind="order"}'])
    local name = 'esim_exchange_duration_seconds_bucket{kind="%s",le="%s"}'
    assert.equal(0, values[name:format("order", "0.1")])
    assert.equal(4, values[name:format("order", "0.25")])
    assert.equal(4, values[name:format("order", "30")])
    assert.equal(5, values[name:format("order", "+Inf")])
    assert.equal(1, values[name:format("order_status", "0.005")])
    assert.equal(5, values['esim_exchange_duration_seconds_count{kind="order"}'])
    assert.is_true(math.abs(40.8 - values['esim_exchange_duration_seconds_sum{kind="order"}']) < 1e-9)
  end)

  it("count retries by reason, and records that were dropped", function()
    local values = counted {
      exchange { attempt = 2, again = "429" }, exchange { attempt = 3, again = "429" },
      exchange { attempt = 2, again = "cut", dropped = 500 },
    }
    assert.equal(2, values['esim_retries_total{reason="429"}'])
    assert.equal(1, values['esim_retries_total{reason="cut"}'])
    assert.equal(500, values.esim_records_dropped_total)
  end)

  it("count waits, and how long orders took", function()
    local values = counted {
      { what = "wait", state = "begun", seconds = 0 }, { what = "wait", state = "begun", seconds = 0 },
      { what = "wait", state = "begun" }, { what = "wait", state = "ended", outcome = "completed", seconds = 45 },
      { what = "wait", state = "ended", outcome = "timeout", seconds = 600 },
    }
    assert.equal(1, values.esim_waits_in_flight)
    assert.equal(1, values['esim_waits_total{outcome="completed"}'])
    assert.equal(1, values['esim_waits_total{outcome="timeout"}'])
    assert.equal(0, values['esim_order_completion_seconds_bucket{le="30"}'])
    assert.equal(1, values['esim_order_completion_seconds_bucket{le="60"}'])
    assert.equal(1, values['esim_order_completion_seconds_bucket{le="3600"}'])
    assert.equal(45, values.esim_order_completion_seconds_sum)
  end)

  it("count token fetches by outcome", function()
    local values = counted {
      { what = "token", outcome = "fetched", seconds = 0.1 }, { what = "token", outcome = "unauthorised" },
    }
    assert.equal(1, values['esim_token_fetches_total{outcome="fetched"}'])
    assert.equal(1, values['esim_token_fetches_total{outcome="unauthorised"}'])
  end)

  it("have few label values, and no id among them, whatever they are told", function()
    local _, said = counted {
      exchange { kind = "/v1/order/an-id", method = "an id", status = 4711 }, exchange { status = false },
      exchange { again = ("x"):rep(1000) }, { what = "order", outcome = 'quo"te' }, { what = "token" },
      { what = "wait", state = "ended", outcome = {} }, { what = "news" }, {},
    }
    assert.is_nil(said:find("an-id", 1, true) or said:find("4711", 1, true) or said:find("quo", 1, true))
    assert.is_nil(said:find("xxxx", 1, true))
  end)

  it("hand each entry on", function()
    local heard = {}
    local metrics = esim.metrics { also = function(entry) heard[#heard + 1] = entry end }
    local entry = exchange()
    metrics.log(entry)
    assert.equal(entry, heard[1])
  end)

  it("refuse what they cannot do, at the caller's line", function()
    for _, wrong in ipairs { { shared = 1 }, { shared = "none" }, { also = "ngx" }, { also = 1 }, { other = true } } do
      local ok, reason = pcall(function() esim.metrics(wrong) end)
      assert.is_false(ok)
      assert.truthy(reason:find("metrics_spec.lua:%d+: esim.metrics: "), reason)
    end
  end)
end)

describe("a client's metrics", function()
  local box
  setup(function() box = provider.start { delay = 0.1 } end)
  teardown(function() assert(box.stop()) end)

  -- What the sandbox took, as it would be counted.
  local function taken()
    local counts = {}
    for _, request in ipairs(box.log().requests) do
      local name = ('esim_exchanges_total{kind="%s",method="%s",status="%d"}'):format(
        request.path == "/v1/order" and "order" or "order_status", request.method, request.status)
      counts[name] = (counts[name] or 0) + 1
    end
    return counts
  end

  it("are what the sandbox took", function()
    local metrics = esim.metrics()
    local function client(token)
      return assert(esim.client { url = box.url, token = token, log = metrics.log })
    end
    local function give() return box.token, 300 end
    local connect, other = client(give), client(box.token)
    local outcomes = { accepted = 0 }
    esim.run(function()
      local function buy(through, product)
        local order, e = through:order(provider.input(product))
        local outcome = e and e.kind or "accepted"
        outcomes[outcome] = (outcomes[outcome] or 0) + 1
        if order then order:wait { timeout = 10, first = 0.05 } end
      end
      for _ = 1, 8 do
        for _, product in ipairs { "cm9k", "sandbox:429=1", "sandbox:404", "sandbox:failed", "sandbox:500" } do
          esim.spawn(buy, other, product)
        end
      end
      buy(connect, "sandbox:401=1")
    end)
    esim.pump()
    local said = metrics:text()
    assert.equal("", exposition.complaints(said))
    local values = exposition.read(said)
    local counted_here = {}
    for name, value in pairs(values) do
      if name:find("^esim_exchanges_total") then counted_here[name] = value end
    end
    assert.same(taken(), counted_here)
    for outcome, count in pairs(outcomes) do
      assert.equal(count, values[('esim_orders_total{outcome="%s"}'):format(outcome)], outcome)
    end
    assert.equal(8, values['esim_retries_total{reason="429"}'])
    assert.equal(1, values['esim_retries_total{reason="401"}'])
    assert.equal(2, values['esim_token_fetches_total{outcome="fetched"}'])
    assert.equal(17, values.esim_order_completion_seconds_count)
    assert.equal(8, values['esim_waits_total{outcome="failed"}'])
    assert.equal(0, values.esim_waits_in_flight)
  end)
end)

describe("the text", function()
  it("escapes labels and help", function()
    local value = 'a\\b"c\nd'
    local family = { name = "x_total", kind = "counter", labels = { "l" }, help = "one\\two\nthree" }
    local said = text.write({ family }, { [text.key("x_total", text.labels({ "l" }, { l = value }))] = 2 })
    assert.equal('# HELP x_total one\\\\two\\nthree\n# TYPE x_total counter\nx_total{l="a\\\\b\\"c\\nd"} 2\n', said)
    local _, families = exposition.read(said)
    assert.equal(value, families.x_total.samples[1].labels.l)
    assert.equal("", exposition.complaints(said))
  end)

  it("writes numbers as Go reads them", function()
    local families = { { name = "x", kind = "gauge", help = "x" } }
    for number, written in pairs { [3] = "3", [-1] = "-1", [0.5] = "0.5", [1e15] = "1000000000000000" } do
      assert.equal("x " .. written .. "\n", text.write(families, { ["x\n"] = number }):match("[^\n]*\n$"))
    end
    assert.equal(0.1 + 0.2, tonumber(text.write(families, { ["x\n"] = 0.1 + 0.2 }):match("(%S+)\n$")))
  end)

  it("is refused where it is wrong", function()
    local good = "# HELP a_total x\n# TYPE a_total counter\na_total 1\n"
    assert(exposition.read(good))
    for _, wrong in ipairs {
      good:sub(1, -2), good .. "a_total 1\n", good .. "b_total 1\n", good:gsub("counter", "number"), good .. good,
      good:gsub("_total", ""), good:gsub(" 1", " one"), good:gsub(" 1", "{} 1"), (good:gsub(" 1", '{a="b} 1')),
    } do
      assert.is_false((pcall(exposition.read, wrong)), wrong)
    end
  end)
end)

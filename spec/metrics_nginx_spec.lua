-- Only under LuaJIT: two workers of a real nginx count into one shared dictionary, and tell nginx's log.

local esim = require "esim"
local exposition = require "spec.support.exposition"
local loop = require "esim.loop"
local nginx = require "spec.support.nginx"
local provider = require "spec.support.provider"

local function read(name)
  local file = assert(io.open(name))
  local text = file:read("*a")
  file:close()
  return text
end

for _, fallback in ipairs { false, true } do
  describe("with " .. (fallback and "naps" or "the bell") .. ", metrics of two workers", function()
    local box, server

    setup(function()
      box = provider.start { delay = 0.1 }
      server = nginx.start {
        sandbox = box, fallback = fallback, level = "info", http = "lua_shared_dict metrics 1m;",
        init = 'require("spec.support.shop").meter()',
      }
    end)
    teardown(function()
      assert(server:stop())
      assert(box.stop())
    end)

    local function scrape()
      local text = assert(server:get "/metrics")
      return exposition.read(text), text
    end

    local function ask(count, target)
      local statuses = {}
      esim.run(function()
        for i = 1, count do esim.spawn(function() statuses[i] = select(2, server:get(target)) end) end
      end)
      return statuses
    end

    -- Once the records of both workers have come.
    local function eventually(name, value)
      return nginx.eventually(function() return scrape()[name] == value end, 10)
    end

    it("are one sum, what the sandbox took", function()
      ask(48, "/metered?product=sandbox:429=1")
      ask(8, "/metered?product=sandbox:404")
      local counts = {}
      for _, request in ipairs(box.log().requests) do
        local name = ('esim_exchanges_total{kind="%s",method="%s",status="%d"}'):format(
          request.path == "/v1/order" and "order" or "order_status", request.method, request.status)
        counts[name] = (counts[name] or 0) + 1
      end
      for name, count in pairs(counts) do assert.truthy(eventually(name, count), name .. " " .. count) end
      local values, text = scrape()
      assert.equal("", exposition.complaints(text))
      assert.equal(48, values['esim_orders_total{outcome="accepted"}'])
      assert.equal(8, values['esim_orders_total{outcome="refused"}'])
      assert.equal(48, values['esim_retries_total{reason="429"}'])
      assert.equal(2, values['esim_token_fetches_total{outcome="fetched"}'])  -- each worker its own
      assert.equal(48, values.esim_order_completion_seconds_count)
      assert.equal(0, values.esim_waits_in_flight)
    end)

    it("are told by nginx's log, a line each, without secrets", function()
      local text = read(server.dir .. "/error.log")
      local lines = {}
      for what in text:gmatch("esim what=(%l+)") do lines[what] = (lines[what] or 0) + 1 end
      local values, exchanges = scrape(), 0
      for name, value in pairs(values) do
        if name:find("^esim_exchanges_total") then exchanges = exchanges + value end
      end
      assert.same({ exchange = exchanges, order = 56, wait = 96, token = 2 }, lines)
      assert.truthy(text:find("%[warn%][^\n]*what=exchange[^\n]* status=404"))
      assert.truthy(text:find("%[info%][^\n]*what=exchange[^\n]* status=200"))
      for told in text:gmatch("[^\n]*esim what=[^\n]*") do assert.is_nil(told:find("request:", 1, true), told) end
      assert.is_nil(text:find(box.token, 1, true))
      assert.is_nil(text:find(assert(os.getenv "ESIM_SPEC_MARK"), 1, true))
    end)

    if not fallback then  -- there nobody hears of a request's end
      it("know of waits and orders whose request is gone", function()
        local requests = {}
        for i = 1, 12 do requests[i] = server:request "/metered?product=sandbox:slow=60&timeout=60" end
        assert.truthy(eventually("esim_waits_in_flight", 12))
        for i = 1, 12 do loop.cancel(requests[i]) end
        assert.truthy(eventually("esim_waits_in_flight", 0))
        assert.equal(12, scrape()['esim_waits_total{outcome="gone"}'])
        for i = 1, 6 do requests[i] = server:request "/metered?product=sandbox:hang=1" end
        esim.sleep(0.5)
        for i = 1, 6 do loop.cancel(requests[i]) end
        assert.truthy(eventually("esim_orders_abandoned_total", 6))
        assert.equal(66, scrape()['esim_orders_total{outcome="accepted"}'])
      end)
    end

    it("forget the waits of a worker that is dead", function()
      local before = scrape()['esim_orders_total{outcome="accepted"}']
      for _ = 1, 16 do server:request("/metered?product=sandbox:slow=60&timeout=60", "order") end
      assert.truthy(eventually("esim_waits_in_flight", 16))
      for _, pid in ipairs(server:workers()) do server:signal("KILL", pid) end
      assert.truthy(nginx.eventually(function()
        local body, status = server:get "/metrics"
        return status == 200 and exposition.read(body).esim_waits_in_flight == 0
      end, 10))
      assert.equal(before + 16, scrape()['esim_orders_total{outcome="accepted"}'])
    end)

    it("cost nothing but lines", function()
      for _, line in ipairs(server:complaints()) do assert.truthy(line:find("exited on signal 9", 1, true), line) end
    end)
  end)
end

-- A sandbox for a spec file, and short words for what specs do with it.

local esim = require "esim"
local eventually = require "spec.support.eventually"
local sandbox = require "esim.sandbox"

local provider = {}

--- Start a sandbox and a client for it. Call stop() in teardown.
function provider.start(options)
  local all = { delay = 0.3, cpath = "build/luajit/?.so" }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  local self = assert(sandbox.start(all))
  self.client = assert(esim.client { url = self.url, token = self.token, ca_file = self.ca_file, timeout = 20 })
  return self
end

--- Wait until a sandbox has seen what `matches(log)`.
-- @return what that gave
function provider.await_log(box, matches)
  return assert(eventually(function() return matches(box.log()) end), "the sandbox never saw it")
end

--- Wait until a sandbox has taken the order with a correlation id: where its answer hangs, it is on the wire.
function provider.await_order(box, correlation_id)
  return provider.await_log(box, function(log) return log.by_correlation_id[correlation_id] end)
end

--- Run `try(factor)`, with times that many times as long, until it says that nothing passed unseen: a machine may pause
-- at any moment. What it asserts holds at each try.
function provider.slowly(try)
  for i = 0, 4 do
    if try(2 ^ i) then
      return
    end
  end
  error("five times something passed unseen", 2)
end

--- An order's input for a product.
function provider.input(product_id, fields)
  local input = {
    countryCode = "PT", customer = { email = "traveller@example.com" }, device = { id = "1", type = "ios" },
    subscriptions = { { product_id = product_id or "cm9k" } },
  }
  for key, value in pairs(fields or {}) do
    input[key] = value
  end
  return input
end

return provider

-- A sandbox for a spec file, and short words for what specs do with it.

local esim = require "esim"
local sandbox = require "esim.sandbox"

local provider = {}

--- Start a sandbox and a client for it. Call stop() in teardown.
function provider.start(options)
  local all = { delay = 0.3, cpath = "build/luajit/?.so" }
  for key, value in pairs(options or {}) do
    all[key] = value
  end
  local self = assert(sandbox.start(all))
  self.client = assert(esim.client { url = self.url, token = self.token, ca_file = self.ca_file, timeout = 5 })
  return self
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

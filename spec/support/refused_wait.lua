-- In a process in which the engine's finer wait is refused (see refusing.c): order by URL and token, wait, and tell how
-- often it was refused and how long the code is.

local esim, refused = require "esim", require "esim_refusing"
local provider = require "spec.support.provider"

local client = assert(esim.client { url = arg[1], token = arg[2] })
local code
esim.run(function()
  local placed = assert(client:order(provider.input()))
  esim.sleep(0.0005)
  code = assert(placed:wait { timeout = 20, first = 0.0015, factor = 1, cap = 0.0015 }):code()
end)
print(refused(), #code)

-- `make demo`: one order from the script to the picture, against the sandbox.

local esim = require "esim"
local folder = assert(arg[1], "folder for the picture")

local sandbox = assert(require("esim.sandbox").start { delay = 4, cpath = "build/luajit/?.so" })

local function demo()
  local connect = assert(esim.client { url = sandbox.url, token = sandbox.token })
  print("The sandbox plays the provider at " .. sandbox.url)
  local order = assert(connect:order {
    countryCode = "PT",
    customer = { email = "traveller@example.com", countryOfResidence = "US" },
    device = { id = "123456789", model = "iPhone", type = "ios" },
    subscriptions = { { product_id = "cm9kIiwiY2xpZW50QWRkcmVzcyI", price = 10, currency = "USD" } },
  })
  print("Order " .. order.id)
  print("  " .. order.status)
  local profile = assert(order:wait {
    timeout = 60,
    on_status = function(_, status) print("  " .. status) end,
  })
  local symbol = assert(profile:qr())
  io.write("\n", symbol:text(), "\n")
  local name = folder .. "/esim.png"
  local file = assert(io.open(name, "wb"))
  assert(file:write(assert(symbol:png())))
  assert(file:close())
  print("Picture: " .. name .. ", ICCID " .. profile.iccid)
  local scan = assert(io.popen("zbarimg -q --raw " .. name .. " 2>/dev/null"))
  local read = scan:read("*l")
  scan:close()
  assert(read == profile:code(), "the picture does not scan to the activation code")
  print("zbarimg reads the activation code back from it.")
  print("Status: " .. order.status)
end

local ok, reason = pcall(demo)
sandbox.stop()
if not ok then
  io.stderr:write(tostring(reason), "\n")
  os.exit(1)
end

-- Run with the failing allocator preloaded: has a client load an experience, each time with another allocation failing,
-- and again with none. One line for each kind that it knows twice then, last: how many runs there were.

local esim = require "esim"
local failing = require "esim_failing"

local jit = rawget(_G, "jit")
if jit then
  jit.off()  -- without memory its compiler crashes in libgcc (__register_frame_info)
end

local PLACES = 200

local lines = { "esim-experience 1", "NEW_ESIM 1 2" }
for i = 1, 20 do lines[#lines + 1] = ("NEW_ESIM=p%d 1 2"):format(i) end
local TEXT = table.concat(lines, "\n") .. "\nend\n"

for place = 0, PLACES do
  local client = assert(esim.client { url = "https://127.0.0.1:1", token = "token" })
  collectgarbage()
  failing.arm(place, 1)
  pcall(client.experience, client, TEXT)
  failing.disarm()
  assert(client:experience(TEXT))
  local seen = {}
  for kind in client:experience():gmatch("\n(NEW_ESIM%S*)") do
    if seen[kind] then print(("place %d: twice %s"):format(place, kind)) end
    seen[kind] = true
  end
end
print(PLACES + 1 .. " runs")

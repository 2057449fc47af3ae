-- What one more waiting order costs, from 1,000 to 1,000,000 that wait already: submitting it (its look is due in a
-- day), and calling it off, first come first, last come first, and at random. No network.
-- `make -s specs && eval "$(make -s env)" && lua5.4 spec/bench/waiting/cost.lua [most]` in the tree.

package.path = "./?.lua;" .. package.path
local core = require "esim.core"
local process = require "esim_process"
local world = require "spec.bench.schedule.world"

local MOST = tonumber(arg[1] or 1e6)
local ACCOUNT = { url = "http://127.0.0.1:9", order_path = "/v1/order/", correlation = "X-Correlation-ID: " }
local SPEC = {
  order_id = "x", correlation_id = "bench", kind_of = "NEW_ESIM bench", first = 86400, factor = 1, cap = 86400,
  jitter = 0.5,
}

-- What the core copies of it: the request's own strings.
local strings = #SPEC.order_id + 1 + #SPEC.correlation_id + 1 + #"GET" + 1

local function resident()
  for line in io.lines "/proc/self/status" do
    local size = line:match "^VmRSS:%s*(%d+)"
    if size then return tonumber(size) * 1024 end
  end
end

-- CPU, of all threads: the engine's own takes part.
local function timed(f)
  local before = process.cpu()
  f()
  return process.cpu() - before
end

local ORDERS = {
  { "first", function(ids) return ids end },
  { "last", function(ids)
    local turned = {}
    for i = 1, #ids do turned[i] = ids[#ids + 1 - i] end
    return turned
  end },
  { "random", function(ids)
    local random = world.random(7)
    for i = #ids, 2, -1 do
      local j = 1 + math.floor(random() * i)
      ids[i], ids[j] = ids[j], ids[i]
    end
    return ids
  end },
}

print(("%10s%14s%18s%14s%14s"):format("waiting", "submit, us", "beyond strings, B", "call off, us", "in order"))
local count = 1000
while count <= MOST do
  for _, order in ipairs(ORDERS) do
    local account, inbox, ids = assert(core.account(ACCOUNT)), core.inbox(), {}
    for i = 1, count do ids[i] = 0 end
    local before = resident()
    local submitting = timed(function()
      for i = 1, count do ids[i] = assert(inbox:poll(account, SPEC)) end
      inbox:wait(0)
    end)
    -- The first thousand bring the engine with them; later rounds have the memory of earlier ones.
    local grown = (resident() - before) / count - strings
    local bytes = count > 1000 and order[1] == "first" and ("%.0f"):format(grown) or ""
    ids = order[2](ids)
    local calling_off = timed(function()
      for i = 1, count do inbox:cancel(ids[i]) end
      inbox:wait(0)
    end)
    inbox:close()
    print(("%10d%14.2f%18s%14.2f%14s"):format(count, submitting / count * 1e6, bytes, calling_off / count * 1e6,
      order[1]))
  end
  count = count * 10
end

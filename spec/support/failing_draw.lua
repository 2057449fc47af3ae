-- Run with the failing allocator preloaded: `failing_draw.lua count`. Draws a symbol in each way again and again, and
-- writes its mail, each time with `count` other allocations failing, until none fails any more. For each way a line:
-- name, how many were whole, how many were refused or raised for want of memory, and what else came of it.

local esim = require "esim"
local failing = require "esim_failing"
local profile = require "esim.profile"

local count = tonumber(arg[1])
local jit = rawget(_G, "jit")
if jit then
  jit.off()  -- without memory its compiler crashes in libgcc (__register_frame_info)
end

local CODE = "LPA:1$rsp.truphone.com$QR-G-5C-1LS-1W1Z9"
local symbol, bought = assert(esim.qr(CODE)), profile.new { lpa_url = CODE }
local MAIL = { from = "shop@example.com", to = "ana@example.org", date = 0 }

-- Name, what draws it, and what of it is to be always the same.
local WAYS = {
  { "symbol", function() return esim.qr(CODE) end, function(drawn) return drawn.size end },
  { "mail", function() return esim.mail(bought, MAIL) end, string.len },
}
for _, kind in ipairs { "png", "data_uri", "svg", "eps", "text" } do
  WAYS[#WAYS + 1] = { kind, function() return symbol[kind](symbol, { margin = 60, dark = "#0a3161" }) end, tostring }
end

-- What became of it, and how many allocations failed.
local function try(n, draw)
  collectgarbage()
  failing.arm(n, count)
  local ok, drawn, reason = pcall(draw)
  return failing.disarm(), ok, drawn, reason
end

local function outcome_of(ok, drawn, reason, measure, whole)
  if not ok then
    return tostring(drawn):find "memory" and "refused" or "raised " .. tostring(drawn)
  elseif not drawn then
    return tostring(reason):find "memory" and "refused" or "said " .. tostring(reason)
  end
  return measure(drawn) == whole and "whole" or "half"
end

for _, way in ipairs(WAYS) do
  local name, draw, measure = way[1], way[2], way[3]
  local whole, seen, others, n, quiet = measure(draw()), { whole = 0, refused = 0 }, {}, 0, 0
  while quiet < 3 do  -- the number of allocations varies a little
    local failed, ok, drawn, reason = try(n, draw)
    local outcome = outcome_of(ok, drawn, reason, measure, whole)
    if seen[outcome] then
      seen[outcome] = seen[outcome] + 1
    else
      others[#others + 1] = outcome
    end
    quiet, n = failed == 0 and quiet + 1 or 0, n + 1
  end
  print(name, seen.whole, seen.refused, table.concat(others, "; "))
end

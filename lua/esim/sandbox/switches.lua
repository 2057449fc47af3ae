--- Faults that are switched on while the sandbox runs, for calls that have no product_id to choose one with.

local faults = require "esim.sandbox.faults"
local store = require "esim.sandbox.store"

local ngx = ngx  -- luacheck: ignore

local switches = {}

-- A path in which `*` stands for anything, as a pattern of Lua's.
local function pattern_of(path)
  return "^" .. path:gsub("%W", "%%%0"):gsub("%%%*", ".*") .. "$"
end

-- Without the faults of a path, since a new one replaces them.
local function others(path, method)
  local rest = {}
  for _, switch in ipairs(store.get("switches") or {}) do
    if switch.path ~= path or switch.method ~= method then
      rest[#rest + 1] = switch
    end
  end
  return rest
end

--- Switch a fault on; one with no directive switches it off.
-- @param path   what it meets
-- @param query  directives: `status=503&times=2`, see README.md
function switches.set(path, query)
  local plan = faults.parse(query)
  local method, times, down = plan.method, tonumber(plan.times), tonumber(plan.down)
  plan.path, plan.method, plan.times = nil, nil, nil
  local list = others(path, method)
  if next(plan) then
    table.insert(list, 1, {
      path = path, method = method, plan = plan, times = times, ends = down and ngx.now() + down,
      key = "switch:" .. store.count("serial"),
    })
  end
  store.put("switches", list)
end

function switches.clear()
  store.drop("switches")
end

local function is_due(switch, method, path)
  return path:find(pattern_of(switch.path)) and (switch.method or method) == method
    and (not switch.ends or ngx.now() < switch.ends)
    and (not switch.times or store.count(switch.key) <= switch.times)
end

--- The directives that meet this request, or nil.
function switches.due(method, path)
  for _, switch in ipairs(store.get("switches") or {}) do
    if is_due(switch, method, path) then
      return switch.plan
    end
  end
end

return switches

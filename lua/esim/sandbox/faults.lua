--- What goes wrong: chosen by a product_id such as `sandbox:429=2,retry-after=1`, or switched on (see
-- esim.sandbox.switches). README.md lists the directives.

local ngx = ngx  -- luacheck: ignore

local faults = {}

local STATUSES = { "401", "403", "404", "406", "429", "500", "502", "503" }

local TYPES = {
  ["401"] = "UNAUTHORISED", ["403"] = "ACCESS_DENIED", ["404"] = "ORDER_NOT_FOUND", ["406"] = "UNACCEPTABLE",
  ["429"] = "TOO_MANY_REQUESTS", ["500"] = "INTERNAL_ERROR", ["502"] = "BAD_GATEWAY",
  ["503"] = "SERVICE_UNAVAILABLE",
}

--- Read the directives of an order's products.
-- @return table of directive = value ("" where it has none)
function faults.read(subscriptions)
  local plan = {}
  for _, item in ipairs(type(subscriptions) == "table" and subscriptions or {}) do
    local text = type(item) == "table" and type(item.product_id) == "string" and item.product_id:match("^sandbox:(.*)$")
    for name, value in (text or ""):gmatch("([%w%-]+)=?([^,]*)") do
      plan[name] = value
    end
  end
  return plan
end

--- Read directives that were sent as a query, parted by `&` or by commas.
function faults.parse(query)
  local plan = {}
  for part in query:gmatch("[^&,]+") do
    local name, value = part:match("^([^=]*)=?(.*)$")
    plan[ngx.unescape_uri(name)] = ngx.unescape_uri(value)
  end
  return plan
end

--- Say when to come back, where a directive wants that.
function faults.retry_after(plan)
  local value = plan["retry-after"]
  if value == "date" then
    ngx.header["Retry-After"] = ngx.http_time(ngx.time() + 1)
  elseif value then
    ngx.header["Retry-After"] = value == "" and "1" or value
  end
end

--- The refusal that is due, if any.
-- @param plan   directives
-- @param times  function(name) giving how often this fault was asked for so far, counting this time
-- @return nil, or status, type, message
function faults.refusal(plan, times)
  for _, status in ipairs(STATUSES) do
    local n = plan[status] and (tonumber(plan[status]) or math.huge)
    if n and times(status) <= n then
      faults.retry_after(plan)
      return tonumber(status), TYPES[status], "The sandbox was told to refuse"
    end
  end
end

--- The refusal that `status=n` wants.
-- @return status, type, message
function faults.told(plan)
  return tonumber(plan.status), TYPES[plan.status] or "INTERNAL_ERROR", "The sandbox was told to refuse"
end

local function raw(text)
  local socket = ngx.req.socket(true)
  if socket and text ~= "" then
    socket:send(text)
  end
  return ngx.exit(444)
end

local function head(body)
  return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " .. #body .. "\r\n\r\n"
end

local function in_pieces(body)
  ngx.header["Content-Length"] = #body
  for i = 1, #body do
    ngx.print(body:sub(i, i))
    ngx.flush(true)
  end
end

local function large()
  return '{"id":"' .. ("x"):rep(2 * 1024 * 1024) .. '"}'
end

local BODIES = {
  html = function() return "<!DOCTYPE html><title>Welcome</title><p>It works</p>", "text/html" end,
  large = large, huge = large,
  empty = function() return "{}" end,
}

--- Wait, where a directive wants that.
function faults.hang(plan)
  if tonumber(plan.hang) then
    ngx.sleep(tonumber(plan.hang))
  end
end

--- Give the answer in the way that the directives want.
function faults.answer(plan, body)
  faults.hang(plan)
  if plan.cut then
    local parts = { before = "", during = head(body) .. body:sub(1, math.floor(#body / 2)), after = head(body) .. body }
    return raw(parts[plan.cut] or "")
  elseif plan.garbled then
    return raw("\22\3\1 this is not HTTP\r\n\r\n")
  elseif plan.redirect then
    ngx.header.Location = "/elsewhere"
    return ngx.exit(302)
  end
  for name, make in pairs(BODIES) do
    if plan[name] then
      local text, kind = make()
      ngx.header["Content-Type"] = kind or "application/json"
      ngx.header["Content-Length"] = #text
      return ngx.print(text)
    end
  end
  ngx.header["Content-Type"] = "application/json"
  if plan.pieces then
    return in_pieces(body)
  end
  ngx.header["Content-Length"] = #body
  ngx.print(body)
end

return faults

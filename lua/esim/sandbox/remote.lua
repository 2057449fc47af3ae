--- What a script asks of a sandbox that runs: its log, and faults to be switched on. With this module's own engine.

local remote = {}

local PART = 250  -- entries of the log that are fetched at a time

local function ask(account, method, target)
  local loop = require "esim.loop"
  local pending = assert(loop.submit("request", account, { method = method, target = target, timeout = 30 }))
  local fault, got = loop.await(pending)
  assert(not fault and got.http < 300, "esim.sandbox: it does not answer " .. method .. " " .. target:match("^[^?]*"))
  return got.body
end

-- A part of the log: no answer may be larger than this module takes.
local function fetch_part(account, from)
  local body = ask(account, "GET", ("/sandbox/log?from=%d&most=%d"):format(from, PART))
  return assert(require("esim.json").decode(body))
end

local function fetch_log(account)
  local log = fetch_part(account, 0)
  local from = log.next
  while from do
    local part = fetch_part(account, from)
    for _, request in ipairs(part.requests) do
      log.requests[#log.requests + 1] = request
    end
    for id, times in pairs(part.by_correlation_id) do
      log.by_correlation_id[id] = times
    end
    for _, name in ipairs { "orders", "tokens", "token_requests", "notifications" } do
      log[name] = part[name]
    end
    from = part.next
  end
  log.next = nil
  return log
end

local function escaped(value)
  return (tostring(value):gsub("[^%w%-._~*/]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- Directives as a query; one that is `true` has no value, one that is `false` is not there.
local function query_of(directives)
  local parts = {}
  for name, value in pairs(directives) do
    if value then
      parts[#parts + 1] = escaped(name) .. (value == true and "" or "=" .. escaped(value))
    end
  end
  return table.concat(parts, "&")
end

--- The calls of a sandbox, for who started it.
-- @return { log, token_fault, expire, fault, sim, spend, notify }
function remote.calls(url, ca_file)
  local function post(target, method)
    local account = assert(require("esim.native").account { url = url, ca_file = ca_file })
    ask(account, method or "POST", target)
    return true
  end
  return {
    log = function()
      return fetch_log(assert(require("esim.native").account { url = url, ca_file = ca_file }))
    end,
    token_fault = function(text)
      return post("/sandbox/token?" .. (text or ""))
    end,
    expire = function()
      return post "/sandbox/expire"
    end,
    fault = function(directives)
      if not directives then
        return post("/sandbox/fault", "DELETE")
      end
      return post("/sandbox/fault?" .. query_of(directives))
    end,
    spend = function(id, share)
      return post(("/sandbox/subscription/%s?spent=%g"):format(escaped(id), share))
    end,
    notify = function(iccid, kind)
      return post(("/sandbox/notify/%s/%s"):format(escaped(iccid), escaped(kind)))
    end,
    sim = function(iccid, status)
      return post(("/sandbox/sim/%s?status=%s"):format(escaped(iccid), escaped(status)))
    end,
  }
end

return remote

--- What a client tells its `log` hook: entries about exchanges, orders, waits and tokens, none with a secret.
-- A hook is called wherever something becomes known, also in the middle of another's wait: it must not wait itself.

local err = require "esim.err"
local exchange = require "esim.log.exchange"
local line = require "esim.log.line"
local loop = require "esim.loop"
local native = require "esim.native"
local protect = require "esim.protect"

local log = {}

local last = 0  -- tag that was given away

local Log = {}
Log.__index = Log

local function to_nginx(entry)
  loop.tell(line.of(entry), line.is_failed(entry) and "warn" or "info")
end

--- The function that an option names: a function(entry), or "ngx" for a line each in nginx's error log.
-- @param name   of the option
-- @param level  as for `error`
function log.hook(option, name, level)
  if type(option) == "function" then
    return option
  elseif option ~= "ngx" then
    error(name .. ' must be a function, or "ngx" inside nginx', level + 1)
  elseif loop.host().name ~= "nginx" then
    error(name .. ' can be "ngx" only inside nginx', level + 1)
  end
  return to_nginx
end

-- One that the hook had no memory for was not heard: the loop counts it.
local function give(self, entry)
  local ok, reason = self:tell(entry)
  if not ok and reason == protect.NO_MEMORY then
    error(reason, 0)
  end
end

--- A client's log.
-- @param hook  function(entry), see log.hook
-- @return it, with the tags of what is submitted to the provider (`tag`) and to the token end point (`token_tag`)
function log.new(hook)
  last = last + 2
  local self = setmetatable({ hook = hook, tag = last - 1, token_tag = last }, Log)
  function self.hear(record, correlation_id)
    give(self, exchange.entry(record, correlation_id, self:secrets()))
  end
  function self.hear_token(record)
    give(self, exchange.of_token(record, self:secrets()))
  end
  loop.hook(self.tag, self.hear)
  loop.hook(self.token_tag, self.hear_token)
  return self
end

--- Whose secrets must not be told.
-- @param auth  see auth.lua
function Log:guard(auth)
  self.auth = auth
end

function Log:secrets()
  return self.auth and self.auth:secrets()
end

--- Tell an entry. A hook that raises breaks nothing, and is told once.
-- @return true | false and what it raised
function Log:tell(entry)
  entry.order_id = entry.order_id and err.redact(entry.order_id, self:secrets())  -- the provider made it
  local ok, reason = loop.guard(self.hook, entry)
  if not ok and not self.failed then
    self.failed = true
    local why = type(reason) == "string" and err.redact(reason, self:secrets()) or type(reason)
    loop.tell("esim: the log hook failed, which is told this once: " .. why)
  end
  return ok, reason
end

local function note(told, began, got, e, ...)
  told:tell { what = "token", outcome = got and "fetched" or e.kind, seconds = native.clock() - began }
  return got, e, ...
end

--- Ask for a token by `f(...)`, which returns something | nil, err.
-- @param told  log, or nil
-- @return what it returned
function log.token(told, f, ...)
  if not told then
    return f(...)
  end
  return note(told, native.clock(), f(...))
end

return log

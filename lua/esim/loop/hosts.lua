--- Which host runs us, and what is asked of it. esim.loop.blocking says what a host is.

local blocking = require "esim.loop.blocking"

local hosts = {}

local adapter          -- of esim.use: the user's own
local host             -- the recognised one, or that of esim.use

local function is_nginx()
  local ngx = rawget(_G, "ngx") or package.loaded.ngx
  return type(ngx) == "table" and type(ngx.config) == "table" and ngx.config.subsystem ~= nil
end

local HOSTS = {
  blocking = function() return blocking end,
  nginx = function() return is_nginx() and require "esim.loop.nginx" or nil end,
}

--- The host loop: what esim.use named, or what is recognised.
function hosts.host()
  if not host then
    host = HOSTS.nginx() or blocking
  end
  return adapter or host
end

--- Name the host loop.
-- @param with  "nginx", "blocking", table { await = function(pending) … end }, or nil: recognise it
function hosts.use(with)
  if with ~= nil and not HOSTS[with] and (type(with) ~= "table" or type(with.await) ~= "function") then
    error("esim.use: the name of a host or a table with a function `await` expected", 2)
  end
  local named = HOSTS[with] and HOSTS[with]() or nil
  if HOSTS[with] and not named then
    error("esim.use: this is not " .. with, 2)
  end
  host = named
  adapter = type(with) == "table" and { name = "adapter", await = with.await } or nil
end

--- Write a line, without secrets, into the host's own log; where it has none, to stderr.
-- @param level  "info", or "warn" (default)
function hosts.tell(line, level)
  local tell = hosts.host().tell or blocking.tell
  tell(line, level)
end

--- Run a function so that it ends even when its caller does not live to see it.
-- @return false: here no caller is ended from outside, call it
function hosts.detach(f, ...)
  local detach = hosts.host().detach
  return detach ~= nil and detach(f, ...)
end

--- This process's part of what is allowed to all processes of the host together.
function hosts.share(amount)
  local share = hosts.host().share
  return share and share(amount) or amount
end

--- What all processes of the host share under `name`.
-- @return { get(key), set(key, value, seconds), add(key, value, seconds), delete(key), incr(key, by), keys(), now(),
--   process(), the number of this process, alive(number) } | nil: the host has no such thing
function hosts.store(name)
  local store = hosts.host().store
  return store and store(name) or nil
end

return hosts

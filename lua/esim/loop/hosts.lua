--- Which host runs the caller, and what is asked of it. esim.loop.blocking says what a host is.
-- It is looked at with each call: a script may block first and run a loop later, or two.

local blocking = require "esim.loop.blocking"
local protect = require "esim.protect"

local hosts = {
  hears = true,   -- whether there may be a host that wants to hear of what is submitted
  tasks = false,  -- the host of our own tasks, see hosts.schedule
}

local named            -- of esim.use
local recognised       -- what runs the process: it stays

local LOOPS = { cqueues = true, luv = true, copas = true }  -- each the name of its library

local function is_nginx()
  local ngx = rawget(_G, "ngx") or package.loaded.ngx
  return type(ngx) == "table" and type(ngx.config) == "table" and ngx.config.subsystem ~= nil
end

-- A loop's library is not loaded for having been looked for.
local function recognise()
  if not recognised then
    recognised = is_nginx() and require "esim.loop.nginx" or blocking
    hosts.hears = recognised.submitted ~= nil
  end
  if recognised == blocking and type(package.loaded.cqueues) == "table" then
    return require "esim.loop.cqueues"
  end
  return recognised
end

-- cqueues tells its own coroutines from others: in one of them no other loop is meant, though esim.use named that.
local function chosen()
  if named and LOOPS[named.name] and type(package.loaded.cqueues) == "table" then
    local cqueues = require "esim.loop.cqueues"
    return cqueues.here() and cqueues or named
  end
  return named or recognise()
end

--- How our own tasks wait: `current()` is the running task or nil, `busy()` whether one is suspended below us,
-- `await(pending)`; false: the caller is none of them.
function hosts.schedule(with)
  hosts.tasks = with
end

--- Whether nothing that C called stands between the running coroutine and who resumed it.
hosts.is_yieldable = coroutine.isyieldable or function() return true end  -- Lua 5.1 does not tell

--- Whether the caller can be suspended: he is in a coroutine, not inside a function that C called.
function hosts.may_yield()
  local thread, is_main = coroutine.running()
  return thread ~= nil and not is_main and hosts.is_yieldable()
end

--- Whether the caller is in a coroutine that is none of our tasks' own, nor inside of one.
function hosts.in_coroutine()
  return hosts.may_yield() and not (hosts.tasks and hosts.tasks.busy())
end

--- The host that suspends the caller: our tasks', what esim.use named, or what is recognised; else he blocks.
function hosts.host()
  if hosts.tasks and hosts.tasks.current() then
    return hosts.tasks
  end
  local host = chosen()
  return (not host.here or host.here()) and host or blocking
end

--- The host that takes a new thread from the caller, who need not be in one himself; without `spawn`: it is ours.
function hosts.spawner()
  if hosts.tasks and hosts.tasks.current() then
    return hosts.tasks
  end
  local host = chosen()
  return (not host.spawns or host.spawns()) and host or blocking
end

local function load_loop(name, level)
  local ok, reason = pcall(require, name)
  if not ok then
    reason = tostring(reason):match("[^\n]*")
    error(("esim.use: the library of %s cannot be loaded: %s"):format(name, reason), level + 1)
  end
  return require("esim.loop." .. name)
end

-- In Lua 5.1 another coroutine may stand in for the one that waits, and the user's scheduler knows nothing of it.
local function adapt(await)
  return { name = "adapter", await = function(pending)
    await(pending, hosts.may_yield() and protect.running() or nil)
  end }
end

local function find(with, level)
  if type(with) == "table" and type(with.await) == "function" then
    return adapt(with.await)
  elseif with == "blocking" then
    return blocking
  elseif with == "nginx" and is_nginx() then
    return require "esim.loop.nginx"
  elseif with == "nginx" then
    error("esim.use: this is not nginx", level + 1)
  elseif LOOPS[with] then
    local host = load_loop(with, level + 1)  -- no tail call: levels are counted
    return host
  elseif with ~= nil then
    error("esim.use: a host's name (nginx, cqueues, luv, copas, blocking) or a table with a function `await` expected",
      level + 1)
  end
end

--- Name the host loop.
-- @param with  "nginx", "cqueues", "luv", "copas", "blocking", table { await = function(pending, thread) … end }, or
--   nil: recognise it. `thread` is the coroutine to resume, nil on the main thread; in Lua 5.1 it need not be the
--   running one
function hosts.use(with)
  named, hosts.hears = find(with, 2), true
end

--- Write a line, without secrets, into the host's own log; where it has none, to stderr.
-- @param level  "info", "warn" (default) or "error"
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

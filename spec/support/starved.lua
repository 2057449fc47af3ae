-- Scripts of this folder in a process of its own in which allocations fail (see failing.c), or something else does.

local provider = require "spec.support.provider"

local starved = {}

local SECONDS = 150  -- that a script may take

--- The interpreter that runs them, by name: a plain one, for a sanitizer has an allocator of its own.
function starved.interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

--- Start a script.
-- @param script     its file, without folder and ending
-- @param arguments  list of texts and numbers
-- @param is_silent  what it says by stderr is not to be heard
-- @param preloaded  the C file of this folder that makes it fail, or nil: "failing"
-- @return pipe, whose text is what it says
function starved.start(script, arguments, is_silent, preloaded)
  local lua = starved.interpreter()
  return assert(io.popen(("LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_%s.so timeout %d %s"
    .. " spec/support/%s.lua %s 2>%s"):format(lua, lua, preloaded or "failing", SECONDS, lua, script,
    table.concat(arguments, " "), is_silent and "/dev/null" or "&1")))
end

--- Start a script once for each number of failing allocations, all at once, for most of the time they wait; each is
-- given that number, and URL and token of a sandbox of its own.
-- @param counts     list of numbers
-- @param is_silent  as in `start`
-- @return function(count): what that one said, once it has ended and its sandbox too
function starved.start_each(script, counts, is_silent)
  local runs = {}
  for _, count in ipairs(counts) do
    local box = provider.start { delay = 0 }
    runs[count] = { box = box, pipe = starved.start(script, { count, box.url, box.token }, is_silent) }
  end
  return function(count)
    local run = runs[count]
    local said = run.pipe:read "*a"
    run.pipe:close()
    assert(run.box.stop())
    return said
  end
end

return starved

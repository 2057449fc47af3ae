-- "Never print a secret", over all specs: every token and matching id of a run holds one mark, and what errors,
-- tostring and the sandbox's nginx say goes to one file, in which run.sh looks for it.

local leaks = {}

local mark = os.getenv "ESIM_SPEC_MARK"
local name = os.getenv "ESIM_SPEC_SAID"
local errors, said = {}, {}
local plain_tostring = tostring

local function note(text)
  said[#said + 1] = text
end

local function note_deep(value, seen)
  if type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, inner in pairs(value) do
      note_deep(key, seen)
      note_deep(inner, seen)
    end
  elseif type(value) == "string" then
    note(value)
  end
end

local function watch_errors()
  local err = require "esim.err"
  local new = err.new
  function err.new(...)
    local e = new(...)
    errors[#errors + 1] = e
    return e
  end
end

-- What is a text already was no object's to tell.
local function watch_tostring()
  function _G.tostring(...)
    local text = plain_tostring(...)
    if type((...)) ~= "string" then
      note(text)
    end
    return text
  end
end

local function read(file_name)
  local file = io.open(file_name)
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text
end

local function folder_of(pid)
  return read("/proc/" .. pid .. "/cmdline"):match("%-p[ %z]+([^ %z]+)")
end

local function watch_sandbox()
  local sandbox = require "esim.sandbox"
  local start = sandbox.start
  function sandbox.start(options)
    local all = { token = mark .. require("esim.native").uuid():gsub("%-", ""), mark = mark }
    for key, value in pairs(options or {}) do
      all[key] = value
    end
    local started, reason = start(all)
    if not started then
      return nil, reason
    end
    local folder, stop = folder_of(started.pid), started.stop
    assert(folder, "the sandbox's folder")
    function started.stop()
      note(read(folder .. "/error.log"))
      note(read(folder .. "/out.log"))
      return stop()
    end
    return started
  end
end

--- Begin; does nothing without a mark.
function leaks.watch()
  if mark then
    watch_errors()
    watch_tostring()
    watch_sandbox()
  end
end

--- Write down what was said, the errors as they are now.
function leaks.tell()
  if not mark then
    return
  end
  for _, e in ipairs(errors) do
    note(plain_tostring(e))
    note_deep(e, {})
  end
  local file = assert(io.open(name, "a"))
  file:write(table.concat(said, "\n"), "\n")
  file:close()
end

return leaks

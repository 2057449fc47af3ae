-- Runs busted in this very interpreter and reports on one line what it counted.
-- What is skipped or pending counts as failed.

local leaks = require "spec.support.leaks"
leaks.watch()

local busted = require "busted.core" ()
local passed, failed = 0, 0

busted.subscribe({ "test", "end" }, function(element, _, status)
  if status == "success" then
    passed = passed + 1
  else
    failed = failed + 1
    print(status .. ": " .. tostring(element.name))
  end
  return nil, true
end)

local function report(element, _, message, trace)
  if element.descriptor ~= "it" then
    failed = failed + 1
  end
  print("in " .. tostring(element.name) .. ": " .. tostring(message))
  print(trace and (trace.traceback or trace.message) or "")
  return nil, true
end

busted.subscribe({ "error" }, report)
busted.subscribe({ "failure" }, report)

require "busted" (busted)
local file = assert(arg[1], "a spec file")
local load_files = require "busted.modules.test_file_loader" (busted, { "lua" })
load_files({ file }, { "_spec" }, { excludes = {}, verbose = false, recursive = false, shuffle = false, sort = false })
require "busted.execute" (busted)(1, {})
leaks.tell()
print("esim-result " .. passed .. " " .. failed)
io.stdout:flush()
os.exit(failed == 0 and 0 or 1, true)

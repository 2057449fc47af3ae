-- What takes its time, done at once for many.

local esim = require "esim"

--- Call `f(key)` for each key, each in a task.
-- @param keys  list, none twice
-- @return { [key] = { first result, second result, … }, … }
return function(keys, f)
  local jobs, met = {}, {}
  for i, key in ipairs(keys) do
    jobs[i] = function() met[key] = { f(key) } end
  end
  esim.run(esim.all, jobs)
  return met
end

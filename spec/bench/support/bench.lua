-- What the benchmarks have in common: a folder and a server of their own, rounds in which the sides take turns, and
-- the table, in which each side stands beside the first one.

local output_of = require "spec.support.output_of"

local bench = { output_of = output_of }

local unpack = table.unpack or unpack

local function read_file(name)
  local file = assert(io.open(name))
  local text = file:read("*a")
  file:close()
  return text
end

local function write_file(name, text)
  local file = assert(io.open(name, "w"))
  assert(file:write(text))
  assert(file:close())
end

--- A temporary folder, with a certificate for 127.0.0.1, and a number of free ports by name.
-- @param ports  list of names
-- @return { dir, root, modules, user, … } for the configuration of an nginx
function bench.place(ports)
  local dir = output_of("mktemp -d")
  output_of("mkdir " .. dir .. "/tmp " .. dir .. "/logs; openssl req -x509 -newkey rsa:2048 -nodes -days 2"
    .. " -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost -keyout " .. dir .. "/key.pem -out "
    .. dir .. "/cert.pem 2>&1")
  local values = {
    dir = dir, root = output_of("pwd"), modules = "/usr/lib/nginx/modules",
    user = output_of("id -u") == "0" and "user root;" or "",
  }
  local first = 20000 + tonumber(output_of("od -An -N2 -tu2 /dev/urandom")) % 12000
  for i, name in ipairs(ports) do
    values[name] = ("%d"):format(first + i)
  end
  return values
end

--- Start an nginx.
-- @param conf         file name; what is $name in it is replaced by the place's
-- @param place        of bench.place
-- @param environment  for the shell, or nil
function bench.start(conf, place, environment)
  local file = place.dir .. "/" .. conf:match("[^/]+$")
  write_file(file, (read_file(conf):gsub("%$(%l+)", place)))
  local said = output_of((environment or "") .. " nginx -p " .. place.dir .. " -c " .. file .. " 2>&1 && echo started")
  assert(said:find("started$"), conf .. " did not start: " .. said)
end

local function stop(place)
  os.execute("for file in " .. place.dir .. "/*.pid; do kill -TERM $(cat $file); done 2>/dev/null; sleep 0.5; rm -rf "
    .. place.dir)
end

--- Run `measure()`, then end every nginx of the place and remove it, whatever the outcome.
function bench.within(place, measure)
  local ok, reason = xpcall(measure, debug.traceback)
  if not ok then
    io.stderr:write(output_of("tail -n 3 " .. place.dir .. "/*.log"), "\n")
  end
  stop(place)
  assert(ok, reason)
end

--- The one in the middle, of numbers.
function bench.median(list)
  local sorted = { unpack(list) }
  table.sort(sorted)
  local half = #sorted / 2
  return half % 1 == 0 and (sorted[half] + sorted[half + 1]) / 2 or sorted[half + 0.5]
end

local function ratios(ours, theirs, field)
  local list = {}
  for round, got in ipairs(ours) do
    list[round] = got[field] / theirs[round][field]
  end
  return list
end

local function values_of(rounds, field)
  local list = {}
  for round, got in ipairs(rounds) do
    list[round] = got[field]
  end
  return list
end

--- Let the sides take turns.
-- @param sides   list of { name, run = function() returning a table of numbers, or nil: it did not run }
-- @param rounds  how often
-- @param fields  names of the numbers that are told
-- @return list in the order of `sides`: { name, missing, FIELD = median, ratio = { FIELD = median of the rounds' own
--   ratios to the first side } }
function bench.rounds(sides, rounds, fields)
  local got = {}
  for round = 1, rounds do
    for i, side in ipairs(sides) do
      got[i] = got[i] or {}
      got[i][round] = side.run()
    end
  end
  local rows = {}
  for i, side in ipairs(sides) do
    local row = { name = side.name, missing = #got[i] < rounds, ratio = {} }
    for _, field in ipairs(row.missing and {} or fields) do
      row[field] = bench.median(values_of(got[i], field))
      row.ratio[field] = bench.median(ratios(got[i], got[1], field))
    end
    rows[i] = row
  end
  return rows
end

--- Print rows of bench.rounds.
-- @param title    text
-- @param columns  list of { field, heading, format of the figure, ratio = whether its ratio follows }
function bench.report(title, rows, columns)
  local head = ("%-34s"):format(title)
  for _, column in ipairs(columns) do
    head = head .. ("%12s"):format(column[2]) .. (column.ratio and "   ratio" or "")
  end
  print(head)
  for _, row in ipairs(rows) do
    local line = ("  %-32s"):format(row.name)
    for _, column in ipairs(row.missing and {} or columns) do
      line = line .. ("%12s"):format(column[3]:format(row[column[1]]))
        .. (column.ratio and ("%8.2f"):format(row.ratio[column[1]]) or "")
    end
    print(line .. (row.missing and "    did not run" or ""))
  end
  io.stdout:flush()
end

--- Build a program in C.
-- @param packages  for pkg-config
function bench.compile(source, program, packages)
  local command = ("gcc -std=c11 -D_GNU_SOURCE -O2 -o %s %s $(pkg-config --cflags --libs %s) 2>&1 && echo built")
  local said = output_of(command:format(program, source, packages))
  assert(said:find("built$"), said)
end

--- Variables for the shell, with which `lua` finds our module of this tree.
function bench.path(place, lua)
  return ("LUA_PATH='%s/lua/?.lua;;' LUA_CPATH='%s/build/%s/?.so;;'"):format(place.root, place.root, lua)
end

local complained = {}

--- The numbers that a command prints; where it prints none, its complaint is told once.
-- @param most  how many numbers
-- @param hear  function(), called at each line when it is printed, or nil
-- @return numbers | nil
function bench.said(place, command, most, hear)
  local file, numbers = place.dir .. "/said", {}
  local pipe = assert(io.popen("timeout 60 env " .. command .. " 2>" .. file))
  for line in pipe:lines() do
    if hear then hear() end
    for word in line:gmatch("%S+") do
      numbers[#numbers + 1] = tonumber(word)
    end
  end
  pipe:close()
  local program = command:gsub("%d.*", "")
  if #numbers ~= most and not complained[program] then
    complained[program] = true
    io.stderr:write(command, ": ", output_of("tail -n 1 " .. file), "\n")
  end
  return unpack(#numbers == most and numbers or {})
end

--- Have node's packages, fetched into the build folder where the network is there.
-- @param names  texts for npm
-- @return folder of modules | nil
function bench.npm(names)
  local dir = output_of("pwd") .. "/build/bench"
  output_of("spec/support/npm.sh " .. dir .. " " .. table.concat(names, " ") .. " 2>&1")
  return dir
end

return bench

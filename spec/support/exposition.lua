-- A strict reader of Prometheus' text format 0.0.4: what it does not expect, it raises.

local scratch = require "spec.support.scratch"

local exposition = {}

local KINDS = { counter = true, gauge = true, histogram = true }
local PARTS = { _bucket = true, _sum = true, _count = true }

-- `a="x",b="y"` as a table, and as it stands.
local function read_labels(text)
  local labels, at = {}, 1
  while at <= #text do
    local name, rest = text:match('^([%a_][%w_]*)="()', at)
    assert(name and labels[name] == nil, text)
    local value, i = {}, rest
    while text:sub(i, i) ~= '"' do
      local c = text:sub(i, i)
      if c == "\\" then
        i = i + 1
        c = assert(({ ["\\"] = "\\", ['"'] = '"', n = "\n" })[text:sub(i, i)], text)
      end
      assert(c ~= "", text)
      value[#value + 1], i = c, i + 1
    end
    labels[name], at = table.concat(value), i + 1
    if at <= #text then
      assert(text:sub(at, at) == "," and at < #text, text)
      at = at + 1
    end
  end
  return labels
end

local function read_sample(line)
  local name, rest = line:match("^([%a_][%w_]*)(.*)$")
  assert(name, line)
  local labels, value = rest:match("^{(.*)} (%S+)$")
  if not labels then
    labels, value = "", rest:match("^ (%S+)$")
  end
  local number = assert(tonumber(value), line)
  assert(labels ~= "" or not rest:find("{", 1, true), line)
  return { name = name, text = labels, labels = read_labels(labels), value = number }
end

-- Buckets of each series grow to +Inf, which is the count.
local function check_histogram(family)
  local last, bound, counts = {}, {}, {}
  for _, sample in ipairs(family.samples) do
    local part = sample.name:sub(#family.name + 1)
    assert(PARTS[part], sample.name)
    local le = sample.text:match('le="([^"]+)"$')
    local key = sample.text:gsub(',?le="[^"]+"$', "")
    if part == "_bucket" then
      local number = le == "+Inf" and math.huge or assert(tonumber(le))
      assert(number > (bound[key] or 0) and sample.value >= (last[key] or 0), sample.text)
      bound[key], last[key] = number, sample.value
    else
      assert(le == nil and bound[key] == math.huge, sample.name)
      counts[part == "_count" and key or "sum of " .. key] = sample.value
    end
  end
  for key, count in pairs(last) do
    assert(counts[key] == count and counts["sum of " .. key], key)
  end
end

local function check(family)
  local seen = {}
  for _, sample in ipairs(family.samples) do
    local key = sample.name .. "{" .. sample.text .. "}"
    assert(not seen[key], key)
    seen[key] = true
    assert(sample.value >= 0 or family.kind == "gauge", key)
    assert(family.kind == "histogram" or sample.name == family.name, key)
  end
  assert((family.kind == "counter") == (family.name:find("_total$") ~= nil), family.name)
  if family.kind == "histogram" then
    check_histogram(family)
  end
end

--- Read it all.
-- @return values by `name{labels}` (a sample without labels: by its name), and the families by name
function exposition.read(text)
  assert(text:sub(-1) == "\n" and not text:find("\n\n", 1, true) and not text:find("\r", 1, true), "lines")
  local values, families, family = {}, {}, nil
  for line in text:gmatch("([^\n]*)\n") do
    local help, kind = line:match("^# HELP ([%a_][%w_]*) %S"), { line:match("^# TYPE ([%a_][%w_]*) (%a+)$") }
    if help then
      assert(not families[help], help)
      family = { name = help, samples = {} }
      families[help] = family
    elseif kind[1] then
      assert(kind[1] == family.name and not family.kind and KINDS[kind[2]], line)
      family.kind = kind[2]
    else
      local sample = read_sample(line)
      assert(family.kind and sample.name:sub(1, #family.name) == family.name, line)
      family.samples[#family.samples + 1] = sample
      values[sample.text == "" and sample.name or sample.name .. "{" .. sample.text .. "}"] = sample.value
    end
  end
  for _, each in pairs(families) do check(each) end
  return values, families
end

--- What promtool, run as a user would, has to say: nothing, where all is well.
function exposition.complaints(text)
  local name = scratch()
  local file = assert(io.open(name, "w"))
  file:write(text)
  file:close()
  local pipe = assert(io.popen("promtool check metrics <" .. name .. " 2>&1; echo status $?"))
  local said = pipe:read("*a")
  pipe:close()
  os.remove(name)
  return (said:gsub("status 0\n$", ""))
end

return exposition

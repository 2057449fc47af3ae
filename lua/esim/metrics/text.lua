--- Prometheus' text format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).

local text = {}

local ESCAPES = { ["\\"] = "\\\\", ['"'] = '\\"', ["\n"] = "\\n" }

--- Labels as they stand between braces, in the order of `names`.
-- @param names   list
-- @param values  by name; anything
function text.labels(names, values)
  local list = {}
  for i, name in ipairs(names) do
    list[i] = ('%s="%s"'):format(name, (tostring(values[name]):gsub('[\\"\n]', ESCAPES)))
  end
  return table.concat(list, ",")
end

--- The key of a series: a family's name, labels, and for a histogram which part of it.
function text.key(name, labels, part)
  return name .. "\n" .. labels .. (part and "\n" .. part or "")
end

local function number(value)
  return value == math.floor(value) and math.abs(value) < 2 ^ 53 and ("%d"):format(value) or ("%.17g"):format(value)
end

local function sample(name, labels, value)
  return ("%s%s %s"):format(name, labels ~= "" and "{" .. labels .. "}" or "", number(value))
end

local function join(labels, more)
  return labels == "" and more or labels .. "," .. more
end

-- Counted is in which bucket a value fell; told is how many fell into it or one before.
local function write_histogram(out, family, labels, numbers)
  local name, count = family.name, 0
  for _, bound in ipairs(family.buckets) do
    count = count + (numbers[text.key(name, labels, ("%g"):format(bound))] or 0)
    out[#out + 1] = sample(name .. "_bucket", join(labels, ('le="%g"'):format(bound)), count)
  end
  count = count + (numbers[text.key(name, labels, "+Inf")] or 0)
  out[#out + 1] = sample(name .. "_bucket", join(labels, 'le="+Inf"'), count)
  out[#out + 1] = sample(name .. "_sum", labels, numbers[text.key(name, labels, "sum")] or 0)
  out[#out + 1] = sample(name .. "_count", labels, count)
end

-- The labels that a family has been counted with; one without labels is always there.
local function series_of(family, numbers)
  local seen, list = {}, {}
  local function note(labels)
    if not seen[labels] then
      seen[labels] = true
      list[#list + 1] = labels
    end
  end
  if not family.labels then
    note ""
  end
  for key in pairs(numbers) do
    local name, labels = key:match("^([^\n]*)\n([^\n]*)")
    if name == family.name then
      note(labels)
    end
  end
  table.sort(list)
  return list
end

--- Everything that was counted.
-- @param families  list of { name, kind, help, labels = list or nil, buckets = list or nil }
-- @param numbers   by key
function text.write(families, numbers)
  local out = {}
  for _, family in ipairs(families) do
    out[#out + 1] = ("# HELP %s %s"):format(family.name, (family.help:gsub("[\\\n]", ESCAPES)))
    out[#out + 1] = ("# TYPE %s %s"):format(family.name, family.kind)
    for _, labels in ipairs(series_of(family, numbers)) do
      if family.buckets then
        write_histogram(out, family, labels, numbers)
      else
        out[#out + 1] = sample(family.name, labels, numbers[text.key(family.name, labels)] or 0)
      end
    end
  end
  return table.concat(out, "\n") .. "\n"
end

return text

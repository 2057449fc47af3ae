-- Activation codes by the thousand, drawn in every way and read by zbar: what a spec of scanning needs. Each picture is
-- a file of a folder of its own, whose name sorts after that of the one before.

local esim = require "esim"
local scratch = require "spec.support.scratch"

local scans = {}
scans.__index = scans

-- The same numbers in every Lua (Park and Miller's generator).
local function generator(seed)
  return function(least, most)
    seed = seed * 16807 % 2147483647
    return least + seed % (most - least + 1)
  end
end

local ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz"

local function word(random, size)
  local out = {}
  for i = 1, size do
    local at = random(1, #ALPHABET)
    out[i] = ALPHABET:sub(at, at)
  end
  return table.concat(out)
end

-- A host name of `size` characters, 3 at least: labels of 62 at most.
local function host(random, size)
  local text, at = word(random, size), random(2, math.min(62, size - 1))
  while at < size do
    text = text:sub(1, at - 1) .. "." .. text:sub(at + 1)
    at = at + random(2, 62)
  end
  return text
end

-- A valid code of `size` characters without its prefix; one in three has an OID, one in three a flag.
local function code(random, size)
  local oid = random(1, 3) == 1 and "1.3.6.1.4.1.31746" or nil
  local flag = random(1, 3) == 1
  local over = 3 + (oid and #oid or 0) + ((oid or flag) and 1 or 0) + (flag and 2 or 0)
  if size - over < 10 then
    oid, flag, over = nil, false, 3
  end
  local address = host(random, random(4, math.min(100, size - over)))
  local text = assert(esim.code.format {
    smdp = address, matching_id = word(random, size - over - #address), oid = oid, confirmation_code_required = flag,
  })
  assert(#text == size + 4)
  return text
end

--- Random valid codes, all lengths from 20 to 255 characters and "LPA:" among them.
-- @param count  how many
-- @param seed   1 to 2147483646; the same seed, the same codes
function scans.codes(count, seed)
  local random, list = generator(seed), {}
  for i = 1, count do
    list[i] = code(random, 20 + (i * 131) % 236)
  end
  return list
end

--- A pair of random colours that is accepted by a drawing.
function scans.colours(random)
  local symbol = esim.qr "x"
  while true do
    local dark, light = ("#%06x"):format(random(0, 0xffffff)), ("#%06x"):format(random(0, 0xffffff))
    if random(1, 2) == 1 then light = "#ffffff" end
    if symbol:text { margin = 0, dark = dark, light = light } then
      return dark, light
    end
  end
end

scans.generator = generator

--- An empty folder for pictures.
function scans.new()
  local place = scratch()
  os.remove(place)
  assert(os.execute("mkdir " .. place))
  return setmetatable({ place = place, expected = {}, documents = {} }, scans)
end

function scans:close()
  os.execute("rm -rf " .. self.place)
end

function scans:write(name, bytes)
  local file = assert(io.open(self.place .. "/" .. name, "wb"))
  assert(file:write(bytes))
  assert(file:close())
end

--- Add a picture that zbar reads itself, which is to say `text`.
function scans:add(kind, bytes, text)
  self.expected[#self.expected + 1] = text
  self:write(("%06d.%s"):format(#self.expected, kind), bytes)
end

--- Add a picture that another program has to draw first, all in one go.
function scans:document(bytes, text)
  self.expected[#self.expected + 1] = text
  self:write(("%06d.doc"):format(#self.expected), bytes)
end

--- Draw the documents, a picture each; `command` makes them of *.doc, as `%06d.pgm`.
function scans:draw(command)
  local pipe = io.popen(("cd %s && %s 2>&1"):format(self.place, command))
  local said = pipe:read "*a"
  pipe:close()
  assert(os.execute("rm " .. self.place .. "/*.doc"))
  return said
end

--- What zbar reads in all pictures, in their order.
function scans:read()
  local command = "zbarimg -q --nodbus --raw -Sdisable -Sqrcode.enable *.p* 2>/dev/null"
  local pipe = io.popen(("cd %s && %s"):format(self.place, command))
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

-- A terminal of 3 pixels a module.
local PIXELS = 3

local function grey(red, green, blue)
  return string.char(math.floor(0.299 * red + 0.587 * green + 0.114 * blue + 0.5))
end

-- The colours of a line, ink and ground, as a terminal shows them.
local function inks(line)
  local numbers = {}
  for number in line:match("^\27%[([%d;]+)m"):gmatch "%d+" do numbers[#numbers + 1] = tonumber(number) end
  if #numbers == 10 then
    assert(numbers[1] == 38 and numbers[2] == 2 and numbers[6] == 48 and numbers[7] == 2, line)
    return grey(numbers[3], numbers[4], numbers[5]), grey(numbers[8], numbers[9], numbers[10])
  end
  local of = { [16] = "\0", [231] = "\255" }
  assert(#numbers == 6 and numbers[1] == 38 and numbers[2] == 5 and numbers[4] == 48 and numbers[5] == 5, line)
  return of[numbers[3]], of[numbers[6]]
end

local BLOCKS = { [" "] = { false, false }, ["▀"] = { true, false }, ["▄"] = { false, true }, ["█"] = { true, true } }

--- What a terminal shows of a drawing as text, as a picture (PGM).
function scans.terminal(text)
  local rows, width = {}, 0
  for line in text:gmatch "(.-)\n" do
    local ink, ground = inks(line)
    local upper, lower = {}, {}
    for character in line:gsub("\27%[[%d;]*m", ""):gmatch "[%z\1-\127\194-\244][\128-\191]*" do
      local block = BLOCKS[character]
      upper[#upper + 1] = (block[1] and ink or ground):rep(PIXELS)
      lower[#lower + 1] = (block[2] and ink or ground):rep(PIXELS)
    end
    width = #upper * PIXELS
    rows[#rows + 1] = table.concat(upper):rep(PIXELS)
    rows[#rows + 1] = table.concat(lower):rep(PIXELS)
  end
  return ("P5\n%d %d\n255\n"):format(width, #rows * PIXELS) .. table.concat(rows)
end

return scans

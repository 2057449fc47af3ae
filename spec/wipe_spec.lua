-- What the core frees holds no secret any more: no client's secret, be it in a body or in a header of its own, no
-- token, no answer, and no symbol or picture of it. What Lua, libcurl, libqrencode and libpng free is theirs.

local peer = require "spec.support.peer"
local process = require "esim_process"

local SECRET = "s3cretS3cretS3cretS3cret"  -- nothing of it has to be encoded
local PLACES = {
  "body", "basic", "answer", "token", "symbol", "png", "svg", "eps", "text", "data_uri", "pixels",
  "png in a data_uri",
}

-- Says again, often, what it was told; or nothing at all.
local function echo(server, connection)
  local text = server:request(connection)
  while text and not text:find "^%u+ /hang" do
    server:write(connection, peer.answer("200 OK", text:rep(20)))
    text = server:request(connection)
  end
  process.sleep(1)
end

local function serve(server)
  local connection = server:accept()
  while connection do
    if process.fork() == 0 then
      echo(server, connection)
      process.exit(0)
    end
    server:close(connection)
    connection = server:accept()
  end
end

-- Plain interpreters alone: a sanitizer has an allocator of its own.
local function interpreter()
  local lua = os.getenv "ESIM_LUA" or "lua5.4"
  return lua:find("/", 1, true) and "lua5.4" or lua
end

-- Of each place: how many freed blocks held the secret, how many there were.
local function run(url, careless)
  local lua, places = interpreter(), {}
  local pipe = assert(io.popen(("LUA_CPATH='build/%s/?.so;;' LD_PRELOAD=build/%s/esim_failing.so %s"
    .. " spec/support/watching.lua %s %s %s 2>&1"):format(lua, lua, lua, url, SECRET, careless)))
  for line in pipe:lines() do
    local name, found, freed = line:match("^([%l_ ]+)\t(%d+)\t(%d+)$")
    assert.truthy(name, line)
    places[name] = { found = tonumber(found), freed = tonumber(freed) }
  end
  pipe:close()
  return places
end

describe("freed memory", function()
  local url

  setup(function() url = peer.start(serve).url end)

  it("holds no secret", function()
    local places = run(url, "")
    for _, name in ipairs(PLACES) do
      assert.equal(0, places[name].found, name)
      assert.is_true(places[name].freed > 3, name)
    end
  end)

  it("would hold each of them if it were not wiped", function()
    local places = run(url, "careless")
    for _, name in ipairs(PLACES) do
      assert.is_true(places[name].found >= 2, name .. ": " .. places[name].found)
    end
  end)
end)

-- The core kept pointers to texts that a metatable's __index had just made, and that the collector then took.

local esim = require "esim"

-- A table whose fields exist only while they are asked for.
local function elusive(fields)
  return setmetatable({}, { __index = function(_, name)
    collectgarbage()
    return type(fields[name]) == "table" and table.concat(fields[name]) or fields[name]
  end })
end

local URL = { "http://127.0.0.1:1/", ("a"):rep(80) }

describe("options that __index makes on the spot", function()
  it("are read as if they stood there", function()
    for _ = 1, 20 do
      local client = assert(esim.client(elusive { url = URL, token = { "t", "t" }, ca_file = { "/no", "/such" } }))
      assert.equal(table.concat(URL) .. "/v1/order", assert(client:preview({}, { check = false })).url)
    end
    local id = ("AB"):rep(30)
    assert.equal("LPA:1$rsp.example.com$" .. id,
      assert(esim.code.format(elusive { smdp = { "rsp.", "example.com" }, matching_id = { id } })))
  end)

  it("are checked all the same", function()
    assert.has_error(function() esim.client(elusive { url = URL, token = "t", rate = "15" }) end)
    assert.has_error(function() esim.client(elusive { url = URL }) end)
  end)
end)

-- A client's options from the environment.

local esim = require "esim"
local env = require "esim.env"

local function options(values)
  local read = env.options(function(name) return values[name] end)
  return read
end

describe("the environment", function()
  it("gives each option", function()
    assert.same({ url = "https://example.com/api", token = "t", ca_file = "/etc/ca.pem" },
      options { ESIM_URL = "https://example.com/api", ESIM_TOKEN = "t", ESIM_CA_FILE = "/etc/ca.pem" })
  end)

  it("without a URL means pre-production, without a CA file the system's", function()
    assert.same({ url = esim.PREPRODUCTION, token = "t" }, options { ESIM_TOKEN = "t" })
  end)

  it("may hold empty variables, which are as good as none", function()
    assert.same({ url = esim.PREPRODUCTION, token = "t" },
      options { ESIM_URL = "", ESIM_TOKEN = "t", ESIM_CA_FILE = "" })
  end)

  for name, values in pairs { missing = {}, empty = { ESIM_TOKEN = "" } } do
    it("with its token " .. name .. " raises at the caller's line, and names the variable", function()
      local ok, reason = pcall(function() return { options(values) } end)
      assert.is_false(ok)
      assert.truthy(reason:find("ESIM_TOKEN is not set", 1, true))
      assert.truthy(reason:find("env_spec.lua", 1, true), reason)
    end)
  end

  it("gives what a client takes", function()
    assert.truthy(esim.client(options { ESIM_URL = "http://127.0.0.1:1", ESIM_TOKEN = "t" }))
    assert.truthy(esim.client(options { ESIM_TOKEN = "t" }))
  end)

  it("is read by esim.from_env, in a process of its own", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write [[local o = require("esim").from_env() print(o.url, o.token, o.ca_file)]]
    file:close()
    local pipe = assert(io.popen("ESIM_URL=http://127.0.0.1:9 ESIM_TOKEN=mine ESIM_CA_FILE=ca.pem "
      .. (os.getenv "ESIM_LUA" or "lua5.4") .. " " .. script .. " 2>&1"))
    local said = pipe:read("*a")
    pipe:close()
    os.remove(script)
    assert.equal("http://127.0.0.1:9\tmine\tca.pem\n", said)
  end)
end)

-- A client's options from the environment.

local esim = require "esim"
local env = require "esim.env"
local scratch = require "spec.support.scratch"

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
      assert.truthy(reason:find("neither ESIM_TOKEN nor ESIM_CLIENT_ID is set", 1, true))
      assert.truthy(reason:find("env_spec.lua", 1, true), reason)
    end)
  end

  it("gives a client's credentials, its secret from the environment or from a file", function()
    assert.same({ client_id = "i", client_secret = "s", token_url = "https://a/t" }, options {
      ESIM_URL = "https://a", ESIM_CLIENT_ID = "i", ESIM_CLIENT_SECRET = "s", ESIM_TOKEN_URL = "https://a/t",
    }.credentials)
    assert.same({ client_id = "i", client_secret_file = "/f", scope = "profile", style = "basic" }, options {
      ESIM_CLIENT_ID = "i", ESIM_CLIENT_SECRET_FILE = "/f", ESIM_SCOPE = "profile", ESIM_CLIENT_STYLE = "basic",
    }.credentials)
  end)

  it("with both a token and a client id raises: it cannot know which is meant", function()
    assert.has_error(function() options { ESIM_TOKEN = "t", ESIM_CLIENT_ID = "i" } end)
  end)

  it("gives what a client takes", function()
    assert.truthy(esim.client(options { ESIM_CLIENT_ID = "i", ESIM_CLIENT_SECRET = "s" }))
    assert.truthy(esim.client(options { ESIM_URL = "http://127.0.0.1:1", ESIM_TOKEN = "t" }))
    assert.truthy(esim.client(options { ESIM_TOKEN = "t" }))
  end)

  it("is read by esim.from_env, in a process of its own", function()
    local script = scratch()
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

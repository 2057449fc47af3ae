--- Options of a client from the environment, so that no script holds a secret.

local client = require "esim.client"

local env = {}

--- Read ESIM_URL (default: pre-production), ESIM_TOKEN, and ESIM_CA_FILE; what is empty is not set.
-- @param getenv  function(name), default os.getenv
-- @return options for `esim.client`; raises when ESIM_TOKEN is not set
function env.options(getenv)
  local function get(name)
    local value = (getenv or os.getenv)(name)
    return value ~= "" and value or nil
  end
  local token = get "ESIM_TOKEN"
  if not token then
    error("esim.from_env: ESIM_TOKEN is not set", 2)
  end
  return { url = get "ESIM_URL" or client.PREPRODUCTION, token = token, ca_file = get "ESIM_CA_FILE" }
end

return env

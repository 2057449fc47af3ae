--- Options of a client from the environment, so that no script holds a secret.

local client = require "esim.client"

local env = {}

--- Read ESIM_URL (default: pre-production), ESIM_TOKEN, and ESIM_CA_FILE.
-- @param getenv  function(name), default os.getenv
-- @return options for `esim.client`; raises when ESIM_TOKEN is not set
function env.options(getenv)
  getenv = getenv or os.getenv
  local token = getenv "ESIM_TOKEN"
  if not token or token == "" then
    error("esim.from_env: ESIM_TOKEN is not set", 2)
  end
  return { url = getenv "ESIM_URL" or client.PREPRODUCTION, token = token, ca_file = getenv "ESIM_CA_FILE" }
end

return env

--- Options of a client from the environment, so that no script holds a secret.

local client = require "esim.client"

local env = {}

--- Read ESIM_URL (default: pre-production) and ESIM_CA_FILE; and either ESIM_TOKEN, or ESIM_CLIENT_ID with
-- ESIM_CLIENT_SECRET or ESIM_CLIENT_SECRET_FILE, and where they are needed ESIM_TOKEN_URL, ESIM_SCOPE, and
-- ESIM_CLIENT_STYLE (body or basic). What is empty is not set.
-- @param getenv  function(name), default os.getenv
-- @return options for `esim.client`; raises when neither a token nor a client id is set
function env.options(getenv)
  local function get(name)
    local value = (getenv or os.getenv)(name)
    return value ~= "" and value or nil
  end
  local options = { url = get "ESIM_URL" or client.PREPRODUCTION, ca_file = get "ESIM_CA_FILE" }
  local token, id = get "ESIM_TOKEN", get "ESIM_CLIENT_ID"
  if token and id then
    error("esim.from_env: ESIM_TOKEN and ESIM_CLIENT_ID are both set", 2)
  elseif token then
    options.token = token
  elseif id then
    options.credentials = {
      client_id = id, client_secret = get "ESIM_CLIENT_SECRET", client_secret_file = get "ESIM_CLIENT_SECRET_FILE",
      token_url = get "ESIM_TOKEN_URL", scope = get "ESIM_SCOPE", style = get "ESIM_CLIENT_STYLE",
    }
  else
    error("esim.from_env: neither ESIM_TOKEN nor ESIM_CLIENT_ID is set", 2)
  end
  return options
end

return env

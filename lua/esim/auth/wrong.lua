--- What is wrong where there is no token, as an error.

local err = require "esim.err"
local native = require "esim.native"
local protect = require "esim.protect"

local wrong = {}

--- @return nil, err of kind `unauthorised`
function wrong.token(message)
  return nil, err.new("unauthorised", { message = message })
end

--- What a function of the user's raised or returned, as an error that tells no secret.
-- @param what     what went wrong
-- @param reason   anything; one of our errors is that itself
-- @param secrets  list of texts
-- @return err
function wrong.because(what, reason, secrets)
  if err.is(reason) then
    return reason
  elseif reason == protect.NO_MEMORY then
    return err.new("not_sent", { message = native.faults.memory })
  end
  local known, text = pcall(tostring, reason)
  local why = reason == nil and "" or ": " .. (known and err.redact(text, secrets) or "an error without words")
  return err.new("unauthorised", { message = what .. why })
end

return wrong

--- What the provider refuses because of what there is already. Assumed: which of the two words a top-up gets that has
-- nobody's ICCID, that what waits for its activation counts as active, and the type of that refusal.

local sims = require "esim.sandbox.sims"
local store = require "esim.sandbox.store"
local subscriptions = require "esim.sandbox.subscriptions"

local limits = {}

local MOST = 15   -- active subscriptions of a SIM

local function mismatch()
  return 422, "EMAIL_AND_ICCID_DO_NOT_MATCH", "The email is not that of the SIM's owner"
end

-- Whose SIM is this? Asked where the option `strict` is set.
local function check_owner(iccid, email)
  local sim = sims.find(iccid)
  if not sim and not email then
    return 422, "CUSTOMER_MUST_EXIST", "There is no customer with this SIM"
  elseif not sim or email and email ~= sim.email then
    return mismatch()
  end
end

--- The refusal of an order.
-- @param input  of the order, checked
-- @return nil, or status, type, message
function limits.refusal(input)
  local iccid = input.operationType ~= "NEW_ESIM" and input.esim.iccid
  if iccid and store.settings.strict then
    local status, kind, message = check_owner(iccid, sims.email_of(input))
    if status then
      return status, kind, message
    end
  end
  local sim = iccid and sims.known(iccid)
  local foreign = iccid and (not sim or sim.foreign)
  if not foreign and (iccid and subscriptions.count(iccid) or 0) + #input.subscriptions > MOST then
    return 422, "SUBSCRIPTION_LIMIT_REACHED", "A SIM has at most 15 active subscriptions"
  end
end

return limits

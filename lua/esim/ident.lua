--- EID (SGP.29) and ICCID (ITU-T E.118): their check digits.

local native = require "esim.native"

--- eid.check(text), iccid.check(text)
-- @return true | nil, "length", "digit" or "check"
return { eid = { check = native.eid }, iccid = { check = native.iccid } }

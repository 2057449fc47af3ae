-- Where the locale writes 2.5 as 2,5 Lua 5.1 reads no "2.5cm": a drawing raised. A mail's date is in no locale's words.

local scratch = require "spec.support.scratch"

local CHILD = [[
  assert(os.setlocale "pt_PT.UTF-8", "the locale is not there")
  local esim, profile = require "esim", require "esim.profile"
  local symbol = esim.qr "x"
  print(symbol:svg({ size = "2.5cm" }):match 'width="([^"]*)"')
  print(symbol:eps({ size = "2.5cm" }):match "HiResBoundingBox: ([^\n]*)")
  local bought = profile.new { matchingId = "AB-CDEFG-HIJKLM", smdpUrl = "rsp.example.com" }
  local mail = esim.mail(bought, { from = "a@example.com", to = "b@example.com", date = 1893456000.5 })
  print(mail:match "Date: ([^\r]*)")
]]

it("a length and a date are what they are in any locale", function()
  local place = scratch()
  os.remove(place)
  assert(os.execute(("mkdir %s && localedef -i pt_PT -f UTF-8 %s/pt_PT.UTF-8"):format(place, place)))
  local file = assert(io.open(place .. "/child.lua", "w"))
  file:write(CHILD)
  file:close()
  local pipe = io.popen(("TZ=XXX-9 LC_ALL= LOCPATH=%s %s %s/child.lua 2>&1"):format(place, os.getenv "ESIM_LUA", place))
  local said = pipe:read "*a"
  pipe:close()
  os.execute("rm -r " .. place)
  assert.equal("2.5cm\n0 0 70.866 70.866\nTue, 01 Jan 2030 00:00:00 +0000\n", said)
end)

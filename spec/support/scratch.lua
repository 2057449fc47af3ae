-- The name of a new, empty file of this spec's own, as os.tmpname gives it, but in TMPDIR, which that does not know.
-- spec/support/run.sh gives each spec such a folder, removes it, and complains of what was left in it.

local function random_name()
  local file = assert(io.open("/dev/urandom", "rb"))
  local bytes = file:read(8)
  file:close()
  return (bytes:gsub(".", function(byte) return ("%02x"):format(byte:byte()) end))
end

return function()
  local name = (os.getenv "TMPDIR" or "/tmp") .. "/esim_" .. random_name()
  assert(io.open(name, "w")):close()
  return name
end

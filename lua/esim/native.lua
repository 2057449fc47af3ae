--- The C core, or one sentence about why it is not there.
-- A library that was built for another Lua is the usual reason.

local unpack_version = _VERSION:match("%d%.%d")
local is_jit = type(rawget(_G, "jit")) == "table"
local target = is_jit and "luajit" or "lua" .. unpack_version

local ok, core = pcall(require, "esim.core")
if ok then
  return core
end

local reason = tostring(core)
local mismatch = reason:find("undefined symbol", 1, true) or reason:find("version mismatch", 1, true)
  or reason:find("was built for", 1, true)
if mismatch then
  error("esim: its C library was built for another Lua; this is " .. target
    .. ": run `make LUA=" .. target .. "` or `luarocks --lua-version " .. unpack_version
    .. " make` and put that library on package.cpath", 0)
end
error(core, 0)

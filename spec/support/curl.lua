-- HTTP as a client far from us speaks it: curl, with what came back taken apart.

local scratch = require "spec.support.scratch"

local curl = {}

local function quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function command_of(url, options)
  local parts = { "curl -sS -i --path-as-is --max-time", string.format("%g", options.seconds or 20) }
  if options.method == "HEAD" then
    parts[#parts + 1] = "-I"
  elseif options.method then
    parts[#parts + 1] = "-X " .. options.method
  end
  for _, line in ipairs(options.headers or {}) do parts[#parts + 1] = "-H " .. quote(line) end
  if options.body then parts[#parts + 1] = "--data-binary " .. quote(options.body) end
  parts[#parts + 1] = options.flags
  parts[#parts + 1] = quote(url)
  return table.concat(parts, " ") .. " 2>/dev/null"
end

local function headers_of(head)
  local headers = {}
  for name, value in head:gmatch("\n([%w-]+): ([^\r]*)") do headers[name:lower()] = value end
  return headers
end

--- Ask.
-- @param options  method, headers (lines), body, seconds until curl hangs up, flags of curl's
-- @return { status, headers (lower case), body, head }; status nil where nothing came
function curl.ask(url, options)
  local pipe = assert(io.popen(command_of(url, options or {})))
  local text = pipe:read("*a")
  pipe:close()
  text = text:gsub("^HTTP/1.1 100 Continue\r\n\r\n", "")
  local head, body = text:match("^(.-\r\n)\r\n(.*)$")
  local status = head and tonumber(head:match("^HTTP/%S+ (%d+)"))
  return { status = status, headers = headers_of(head or ""), body = body, head = head }
end

--- Send JSON.
function curl.post(url, body, options)
  options = options or {}
  options.headers = options.headers or { "Content-Type: application/json" }
  options.body = body
  return curl.ask(url, options)
end

--- Ask in the background; stop() hangs up, read() tells what has come.
function curl.start(url, options)
  local name = scratch()
  local pipe = assert(io.popen(command_of(url, options or {}) .. " -N >" .. name .. " & echo $!"))
  local pid = pipe:read("*l")
  pipe:close()
  return {
    read = function()
      local file = io.open(name)
      local text = file and file:read("*a") or ""
      if file then file:close() end
      return text
    end,
    stop = function()
      os.execute("kill " .. pid .. " 2>/dev/null")
      os.remove(name)
    end,
  }
end

return curl

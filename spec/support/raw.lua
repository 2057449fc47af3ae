-- What a spec sees of a sandbox with curl on the command line, without this module.

local json = require "esim.json"
local sandbox = require "esim.sandbox"

local raw = {}
local box

--- Start the sandbox that all others here ask.
function raw.start(options)
  box = assert(sandbox.start(options))
  return box
end

function raw.run(command)
  local pipe = assert(io.popen(command .. " 2>&1; echo \"status $?\""))
  local said, status = pipe:read("*a"):match("^(.*)status (%d+)\n$")
  pipe:close()
  return said, tonumber(status)
end

function raw.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

--- Wait until f() gives something, and return that.
function raw.until_true(f, what)
  for _ = 1, 600 do
    local result = f()
    if result then return result end
    os.execute("sleep 0.05")
  end
  error("never came true: " .. what)
end

--- One request. Options: method, body, token, id, url, patience (seconds), trace, headers instead of the provider's.
-- @return status (0: none), header block, body, curl's exit status
function raw.ask(path, options)
  options = options or {}
  local headers = options.headers or {
    "Authorization: Bearer " .. (options.token or box.token), "X-Correlation-ID: " .. (options.id or "curl"),
    "Content-Type: application/json",
  }
  local parts = { "curl -s -i --max-time " .. (options.patience or 20), "-X " .. (options.method or "GET"),
    options.trace and "--trace -" or "" }
  for _, line in ipairs(headers) do parts[#parts + 1] = "-H " .. raw.quote(line) end
  if options.body then parts[#parts + 1] = "--data-binary " .. raw.quote(options.body) end
  parts[#parts + 1] = raw.quote((options.url or box.url) .. path)
  local said, code = raw.run(table.concat(parts, " "))
  local head, body = said:match("^(HTTP.-)\r\n\r\n(.*)$")
  return tonumber((head or ""):match("^HTTP/%S+ (%d+)")) or 0, head or "", body or said, code
end

--- The text of an order's body.
function raw.input(product_id, changes)
  local all = {
    operationType = "NEW_ESIM", countryCode = "PT", customer = { email = "e" }, device = { id = "1", type = "ios" },
    subscriptions = { { product_id = product_id or "p" } },
  }
  for key, value in pairs(changes or {}) do all[key] = value or nil end
  return assert(json.encode { input = all })
end

function raw.order(product_id, options)
  options = options or {}
  options.method, options.body = "POST", options.body or raw.input(product_id)
  return raw.ask("/v1/order", options)
end

function raw.id_of(body)
  return assert(json.decode(body)).id
end

--- The order's last word, looked at until it is final.
function raw.finish(id)
  return raw.until_true(function()
    local _, _, body = raw.ask("/v1/order/" .. id)
    local said = json.decode(body) or {}
    return (said.status == "COMPLETED" or said.status == "FAILED") and said
  end, "an order that ends")
end

return raw

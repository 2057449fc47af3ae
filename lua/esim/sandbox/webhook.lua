--- Posts JSON to a URL on this machine, and to no other: the sandbox never leaves it.

local store = require "esim.sandbox.store"

local ngx = ngx  -- luacheck: ignore

local webhook = {}

local PATIENCE = 5000   -- milliseconds

-- nginx asks a name server for names, so those of this machine are known here.
local function address_of(host)
  if host == "localhost" or host:match("^127%.%d+%.%d+%.%d+$") then
    return host == "localhost" and "127.0.0.1" or host
  end
  return host == "[::1]" and host or nil
end

-- @return { tls, host, address, port, authority, target } | nil: not on this machine, or no URL
local function parse(url)
  local scheme, authority, rest = url:match("^(https?)://([^/?#]+)([^#]*)")
  local host, port = (authority or ""):match("^(%[::1%]):?(%d*)$")
  if not host then
    host, port = (authority or ""):match("^([%w%-%.]+):?(%d*)$")
  end
  local address = host and address_of(host)
  if not address or rest:find("[%c ]") then
    return nil
  end
  return {
    tls = scheme == "https", host = host, address = address, authority = authority,
    port = tonumber(port) or (scheme == "https" and 443 or 80),
    target = rest:sub(1, 1) == "/" and rest or "/" .. rest,
  }
end

local function send(socket, to, text)
  socket:settimeout(PATIENCE)
  if not socket:connect(to.address, to.port) then
    return false
  elseif to.tls and not socket:sslhandshake(nil, to.host, false) then
    return false
  end
  socket:send("POST " .. to.target .. " HTTP/1.1\r\nHost: " .. to.authority
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. #text .. "\r\nConnection: close\r\n\r\n" .. text)
  return (socket:receive("*l") or ""):find("^HTTP/1%.") ~= nil
end

-- One that is answered counts, whatever the answer is; none is sent twice.
local function deliver(_, to, text)
  local socket = ngx.socket.tcp()
  local is_answered = send(socket, to, text)
  socket:close()
  if is_answered then
    store.count("notifications")
  end
end

--- Whether something may be registered as a webhook. It need not be on this machine: then nothing is sent there.
function webhook.is_url(value)
  return type(value) == "string" and value:find("^https?://[^/?#]+") ~= nil
end

--- What of a URL holds no secret: it may carry one as its query, or before its host.
function webhook.shown(url)
  return (url:gsub("[?#].*$", "?[redacted]"):gsub("//[^/]*@", "//[redacted]@"))
end

--- Post, in a while and without waiting for it.
function webhook.post(url, text)
  local to = parse(url)
  if to then
    ngx.timer.at(0, deliver, to, text)
  end
end

return webhook

-- A provider in a process of its own that a spec scripts byte by byte: what a connection does when it dies.

local process = require "esim_process"
local socket = require "esim_peer"

local peer = {}

local Server = {}
Server.__index = Server

--- A connection, or nil when nobody came.
function Server:accept()
  return socket.accept(self.listener)
end

--- One whole request of a connection, or nil when it ended before.
function Server.request(_, connection)
  local text = ""
  repeat
    local piece = socket.read(connection, 65536)
    if not piece then
      return nil
    end
    text = text .. piece
    local head = text:match("^(.-\r\n\r\n)")
    local length = head and tonumber(head:lower():match("content%-length: (%d+)") or 0)
  until head and #text >= #head + length
  return text
end

--- Just `count` bytes of it.
function Server.bytes(_, connection, count)
  local text = ""
  while #text < count do
    local piece = socket.read(connection, count - #text)
    if not piece then
      return text
    end
    text = text .. piece
  end
  return text
end

function Server.write(_, connection, text)
  return socket.write(connection, text)
end

function Server.close(_, connection)
  socket.close(connection)
end

--- Nobody can connect any more.
function Server:deafen()
  socket.close(self.listener)
end

--- An answer as the provider gives it.
function peer.answer(status, body, extra)
  return ("HTTP/1.1 %s\r\nContent-Type: application/json\r\n%sContent-Length: %d\r\n\r\n"):format(
    status, extra or "", #body) .. body  -- Lua 5.1 would end it at a NUL
end

--- Start `serve(server)` in a process of its own.
-- @return { url, wait = function() … end giving what `serve` returned (0 to 255) }
function peer.start(serve)
  local listener, port = assert(socket.listen())
  local pid = process.fork()
  if pid == 0 then
    local ok, result = pcall(serve, setmetatable({ listener = listener }, Server))
    process.exit(ok and result or 255)
  end
  socket.close(listener)
  return { url = "http://127.0.0.1:" .. port, wait = function() return process.wait(pid) end }
end

return peer

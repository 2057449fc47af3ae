-- What the nginx of the benchmark serves beside its fixed answer.

local ngx = ngx  -- luacheck: ignore

local server = {}

local SIZE = 400  -- bytes of each answer
local LOOKS = 2   -- until an order is completed
local OUTPUT = '"output":{"matchingId":"M1-OIY-QHWKD1","iccid":"8944478600000205337","smdpUrl":"rsp.example.com",'
  .. '"lpa_url":"LPA:1$rsp.example.com$M1-OIY-QHWKD1"},'

local looks = {}  -- at each order so far, by id: there is one worker
local placed = 0

--- An answer about an order, filled up to its size.
-- @param id, status  texts
-- @param more        further fields, each with a comma at its end, or nil
function server.answer(id, status, more)
  local head = '{"id":"' .. id .. '","status":"' .. status .. '",' .. (more or "") .. '"note":"'
  return head .. ("-"):rep(SIZE - #head - 2) .. '"}'
end

--- An answer that is another one each time.
-- @param mark  32 characters, or what nginx puts in their place
function server.changing(id, status, mark)
  local place = ("0"):rep(32)
  return (server.answer(id, status, '"mark":"' .. place .. '",'):gsub(place, mark, 1))
end

local function say(text)
  ngx.header["Content-Length"] = #text
  ngx.print(text)
end

function server.place()
  ngx.req.read_body()
  placed = placed + 1
  looks["o" .. placed] = 0
  say(server.answer("o" .. placed, "ACCEPTED"))
end

function server.look()
  local id = ngx.var.uri:match("[^/]+$")
  local count = looks[id]
  if not count then
    return ngx.exit(404)
  elseif count + 1 == LOOKS then
    looks[id] = nil
    return say(server.answer(id, "COMPLETED", OUTPUT))
  end
  looks[id] = count + 1
  say(server.answer(id, "FULFILLING"))
end

--- Like a real provider: 50 to 150 ms, spread evenly.
function server.dawdle()
  ngx.sleep(0.05 + 0.1 * math.random())
  say(server.changing("id", "FULFILLING", ngx.var.request_id))
end

return server

--- An order's way as server-sent events (HTML Living Standard, section 9.2).

local json = require "esim.json"
local reply = require "esim.web.reply"

local ngx = ngx  -- luacheck: ignore
local semaphore = require "ngx.semaphore"

local events = {}

local RETRY = 3     -- seconds until a browser connects again
local AFTER = 15    -- the same after an error, other than that this stream was long enough
local LAST = { done = true, failed = true }  -- ids after which nothing comes

local function write(text)
  return ngx.print(text) and ngx.flush(true)
end

-- A word that the provider made up may hold anything: as an id only if it is a word. JSON keeps `data` on one line.
local function send(name, data, id, retry)
  id = id and id:match("^[%w_-]+$")
  return write(("event: %s\n%s%sdata: %s\n\n"):format(name, id and "id: " .. id .. "\n" or "",
    retry and ("retry: %d\n"):format(math.ceil(retry) * 1000) or "", assert(json.encode(data))))
end

-- A sign of life, with the seconds until the next one. It is an event, for a script is not told of comments.
local function live(seconds)
  return send("alive", { seconds = seconds })
end

-- Something is written now and then, else neither side notices that the other is gone (lua_check_client_abort off, or a
-- network that went silent). A worker that is to end does not wait for its streams: browsers connect to the next one.
local function beat(order, finished, seconds)
  while not finished:wait(seconds) do
    if ngx.worker.exiting() or not live(seconds) then
      order:cancel()
    end
  end
end

local function wait(order, options, on_status)
  -- How it stands now; what goes wrong here goes wrong below again, where it is waited out.
  order:poll { timeout = options.look }
  if order.status then
    on_status(order, order.status)
  end
  return order:wait { timeout = options.timeout, on_status = on_status }
end

local function conclude(order, profile, e, options)
  if profile then
    return send("done", { id = order.id, status = order.status, links = options.links }, "done")
  elseif e.kind == "failed" then
    return send("failed", { id = order.id, status = order.status }, "failed")
  elseif e.kind ~= "cancelled" then
    local _, said = reply.look_error(e)
    return send("error", said, nil, e.retry_after or e.kind == "timeout" and RETRY or AFTER)
  end
end

--- Tell each new status of `order` until it is final.
-- @param options  timeout, look (until the first answer), heartbeat (all in seconds); links: what `done` hands out
function events.serve(order, options)
  local last = ngx.var.http_last_event_id
  if LAST[last] then
    ngx.status = 204  -- a browser that connects again after the end would do so for ever
    return
  end
  ngx.header["Content-Type"] = "text/event-stream"
  ngx.header["X-Accel-Buffering"] = "no"
  ngx.send_headers()  -- apart: else what a proxy asks for by HTTP/1.0 is held back to its end
  if ngx.req.get_method() == "HEAD" or not write(("retry: %d\n\n"):format(RETRY * 1000))
    or not live(options.heartbeat) then
    return
  end
  local finished = assert(semaphore.new(0))
  ngx.thread.spawn(beat, order, finished, options.heartbeat)
  local told = last
  local profile, e = wait(order, options, function(_, status)
    if status ~= told then
      told = status
      send("status", { id = order.id, status = status }, not LAST[status] and status or nil)
    end
  end)
  conclude(order, profile, e, options)
  finished:post(1)
end

return events

--- The sandbox's answers: each is noted in the log, and given in the way that a fault wants.

local faults = require "esim.sandbox.faults"
local journal = require "esim.sandbox.journal"
local store = require "esim.sandbox.store"

local ngx = ngx  -- luacheck: ignore

local reply = {}

--- Answer with JSON.
-- @param body   text
-- @param plan   directives for the way it is given; a fault that was switched on for this request comes first
-- @param order  the order it is about, or nil
function reply.json(body, plan, order)
  journal.note(200, order)
  faults.answer(ngx.ctx.plan or plan or {}, body)
end

--- Refuse, in the provider's own words.
function reply.refuse(status, kind, message, order)
  journal.note(status, order)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print(store.encode { type = kind, messages = { message } })
end

--- Refuse with the page of a gateway.
function reply.page(status, plan)
  journal.note(status)
  ngx.status = status
  faults.answer({ html = plan.html }, "")
end

--- Close the connection without an answer.
function reply.nothing()
  journal.note(0)
  return ngx.exit(444)
end

return reply

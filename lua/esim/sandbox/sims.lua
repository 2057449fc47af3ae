--- SIMs: there once their order is completed. The fields are those of the provider's pages. Assumed: which words
-- `profileStatus` has (those of `status`), and that a PUT answers with the SIM.

local checks = require "esim.sandbox.checks"
local dates = require "esim.sandbox.dates"
local notices = require "esim.sandbox.notices"
local reply = require "esim.sandbox.reply"
local store = require "esim.sandbox.store"
local v2 = require "esim.sandbox.v2"

local ngx = ngx  -- luacheck: ignore

local sims = {}

local STATUSES = { Released = true, Downloaded = true, Installed = true, Unavailable = true }

--- The customer's email in an order's input, or nil.
function sims.email_of(input)
  local email = type(input.customer) == "table" and input.customer.email
  return type(email) == "string" and email or nil
end

--- Keep the SIM of an order that is taken. One that was topped up and is not known exists from then on too: as
-- somebody else's, without a code.
-- @param order  ready: when it is completed; output
-- @param input  of the order
function sims.keep(order, input)
  local out, device = order.output, input.device
  local is_new = store.add("sim:" .. out.iccid, {
    iccid = out.iccid, from = order.ready, matching_id = out.matchingId, lpa_url = out.lpa_url,
    qrcode_url = out.qrcode_url, email = sims.email_of(input), device_id = device.id,
    eid = device.type == "ios" and type(device.eid) == "string" and device.eid or nil,
    foreign = not out.matchingId or nil,
  })
  if is_new then
    store.push("sims", out.iccid)
  end
end

--- A SIM, its order completed or not, or nil.
function sims.known(iccid)
  return store.get("sim:" .. iccid)
end

--- A SIM whose order is completed, or nil.
function sims.find(iccid)
  local sim = sims.known(iccid)
  return sim and ngx.now() >= sim.from and sim or nil
end

-- With time it moves only where the option `install` says in how many seconds.
-- @return status, since when
local function state_of(sim)
  local whole = tonumber(store.settings.install)
  if sim.status then
    return sim.status, sim.moved
  elseif sim.foreign then
    return "Installed", sim.from
  elseif whole and ngx.now() >= sim.from + whole then
    return "Installed", sim.from + whole
  elseif whole and ngx.now() >= sim.from + whole / 2 then
    return "Downloaded", sim.from + whole / 2
  end
  return "Released", sim.from
end

local function in_v1(sim)
  local status, since = state_of(sim)
  return {
    iccid = sim.iccid, matching_id = sim.matching_id, matchingId = sim.matching_id, status = status,
    profileStatus = status, eid = sim.eid, lpa_url = sim.lpa_url,
    last_modified = dates.text(math.max(since, sim.changed or 0)),
  }
end

local function in_v2(sim)
  local status, since = state_of(sim)
  return {
    iccid = sim.iccid, status = status, matching_id = sim.matching_id, sim_type = "ESIM",
    last_modified = dates.seconds(math.max(since, sim.changed or 0)),
    _metadata = v2.metadata {
      _lpa = v2.code(sim.lpa_url), _subscriptions = "/v2/subscriptions?iccid=" .. sim.iccid, _qrcode = sim.qrcode_url,
      _self = "/v2/sims/" .. sim.iccid,
    },
  }
end

--- Refuse what names no SIM.
function sims.refuse()
  return reply.refuse(404, "SIM_NOT_FOUND", "There is no such SIM")
end

--- GET /v1/sim/{iccid}
function sims.look(iccid)
  local sim = sims.find(iccid)
  if not sim then
    return sims.refuse()
  end
  reply.json(store.encode(in_v1(sim)))
end

--- GET /v2/sims
function sims.list_v2()
  local list = {}
  for iccid in store.each("sims") do
    local sim = sims.find(iccid)
    list[#list + 1] = sim and in_v2(sim)
  end
  return v2.list("/v2/sims", list)
end

--- GET /v2/sims/{iccid}
function sims.look_v2(iccid)
  local sim = sims.find(iccid)
  if not sim then
    return sims.refuse()
  end
  reply.json(store.encode(in_v2(sim)))
end

--- Tell that a SIM was moved.
function sims.tell(sim)
  notices.send(sim.iccid, "DOWNLOAD_PROGRESS", {
    eid = sim.eid, download_progress_step = "BPP_INSTALLATION", notification_status = "SUCCESS",
    notification_point_description = "The profile is " .. (state_of(sim)):lower(),
  })
end

--- PUT /v1/sim/{iccid}
function sims.change(iccid)
  ngx.req.read_body()
  local sim, body = sims.find(iccid), store.decode(ngx.req.get_body_data())
  if not sim then
    return sims.refuse()
  elseif type(body) ~= "table" then
    return reply.refuse(400, "INVALID_HTTP_MESSAGE", "The body is no change of a SIM")
  elseif not checks.is_eid(body.eid) then
    return reply.refuse(400, "INVALID_REQUEST_PARAMS", "eid must be 32 digits with their check digits")
  end
  sim.eid, sim.changed = body.eid, ngx.now()
  store.put("sim:" .. iccid, sim)
  sims.tell(sim)
  reply.json(store.encode(in_v1(sim)))
end

--- Move a SIM to another state.
-- @return true | nil, message
function sims.move(iccid, status)
  local sim = sims.find(iccid)
  if not sim then
    return nil, "There is no such SIM"
  elseif not STATUSES[status] then
    return nil, "status must be Released, Downloaded, Installed or Unavailable"
  end
  sim.status, sim.moved = status, ngx.now()
  store.put("sim:" .. iccid, sim)
  sims.tell(sim)
  return true
end

return sims

--- What is known of an order that the provider accepted, of which its caller sees but a part.

local answer = require "esim.answer"
local api = require "esim.api"
local err = require "esim.err"
local native = require "esim.native"
local percent = require "esim.percent"
local profile = require "esim.profile"

local state = {}

local LAG = 30  -- seconds in which a 404 says only that the provider's stores lag

-- What no caller is to see is in a metatable of the order's own, which is hidden. A weak table with a hundred thousand
-- orders is one that Lua's collector goes through in one go.
local of = debug.getmetatable

-- Of what is kept there this is kept by place, which takes half of what a name does.
local BORN = 1     -- native.clock() at which it was placed
local LOOKED = 2   -- the same of the last look that worked, or nil

local TERMS = {}   -- what its terms are found by, in the table that its methods are looked up in
local shared = setmetatable({}, { __mode = "k" }) -- of each client its terms, by kind
local WORDS = { ACCEPTED = true, FULFILLING = true, FULFILING = true, COMPLETED = true, FAILED = true }

-- What all orders of a kind have in common.
local function terms_of(client, kind, class)
  local kinds = shared[client] or setmetatable({}, { __mode = "v" })
  shared[client] = kinds
  local terms = kinds[kind]
  if not terms then
    terms = { client = client, kind = kind ~= "" and kind or nil }
    terms.methods = setmetatable({ [TERMS] = terms }, { __index = class.__index })
    kinds[kind] = terms
  end
  return terms
end

--- Make an order of a table with id and correlation_id.
-- @param class   __index (its methods) and __tostring, one for all
-- @param client  service of the client (service.lua)
-- @param fields  created (seconds since 1970; nil: just now), bare (that is not known), status, kind (see
--   esim.experience), or nil
function state.open(order, class, client, fields)
  local mine = {  -- small: a hundred thousand orders may wait, for which `wait` has room
    native.clock() - (fields.created and math.max(0, native.wall() - fields.created) or 0),
    __index = terms_of(client, fields.kind or "", class).methods, __tostring = class.__tostring, __metatable = false,
    wait = nil,
  }
  if fields.bare then
    mine.bare = true
  end
  setmetatable(order, mine)
  state.note(order, fields.status)
  return order
end

--- Whether `value` was made so.
function state.is_order(value)
  local mine = type(value) == "table" and of(value)
  return mine and mine.__metatable == false and type(mine.__index) == "table" and rawget(mine.__index, TERMS) ~= nil
end

--- What is kept of `order`, beside its terms and times: bare, profile, failure, wait (the first of those that wait for
-- it), look (the request of order:poll)
function state.of(order)
  return of(order)
end

--- When it was placed, in whole seconds since 1970.
function state.created(order)
  return math.floor(native.wall() - (native.clock() - of(order)[BORN]) + 0.5)
end

--- How old it is, and was when it was looked at last.
-- @return seconds, seconds or nil
function state.age(order)
  local mine = of(order)
  local age = math.max(0, native.clock() - mine[BORN])
  return age, mine[LOOKED] and math.min(math.max(0, mine[LOOKED] - mine[BORN]), age)
end

--- What `order` has in common with others: client, kind or nil
function state.terms(order)
  return of(order).__index[TERMS]
end

--- The service of its client, and what state.of gives.
function state.client(order)
  local mine = of(order)
  return mine.__index[TERMS].client, mine
end

local function secrets_of(order)
  return of(order).__index[TERMS].client:secrets()
end

--- `text` without what must not be told.
function state.redact(order, text)
  return err.redact(text, secrets_of(order))
end

local begun, second = {}, 0  -- histories of one entry that begin in this second, by status

-- A history that begins now. Those who begin with the same word in the same second share it: with a hundred thousand
-- orders that is most of what a status would take.
local function first_history(status)
  local now = os.time()
  if now ~= second then
    begun, second = {}, now
  end
  local history = begun[status] or { { status = status, at = now } }
  begun[status] = history
  return history
end

-- The one before may be another's too, or be in an error: it stays as it is.
local function longer(history, status)
  local list, count = {}, #history
  for i = 1, count do
    list[i] = history[i]
  end
  list[count + 1] = first_history(status)[1]
  return list
end

--- Note a status. A word that is not known may be anything, also a secret.
function state.note(order, status)
  if status ~= nil and not WORDS[status] then
    status = state.redact(order, status)
  end
  if status ~= nil and status ~= order.status then
    local history = rawget(order, "history")
    order.status, order.history = status, history and longer(history, status) or first_history(status)
  end
end

--- What an error about `order` is to carry, as answer.lua takes it.
function state.context(order)
  return { order_id = order.id, correlation_id = order.correlation_id, secrets = secrets_of(order) }
end

--- What a log is told of a wait for `order`, as log/wait.lua takes it.
function state.told(order)
  local mine = of(order)
  return { order_id = order.id, correlation_id = order.correlation_id, placed = not mine.bare and mine[BORN] or nil }
end

--- A copy of `e` for `order`: a token's error is shared by all who waited for it.
function state.about(order, e)
  local copy = err.new(e.kind, e)
  copy.order_id, copy.correlation_id, copy.history = order.id, order.correlation_id, order.history
  return copy
end

--- @return profile or nil, err of kind `failed` or nil
function state.outcome(order)
  return of(order).profile, of(order).failure
end

--- Whether `order` has ended.
function state.is_final(order)
  local mine = of(order)
  return mine.profile ~= nil or mine.failure ~= nil
end

-- The profile, or the failure, that `body` tells of.
-- @return profile or nil, err of kind `failed` or nil | nil, nil, err of kind `answer`
local function outcome_of(order, body)
  if order.status == "COMPLETED" then
    local output = api.output(body)
    if type(output) ~= "table" then
      return nil, nil, err.new("answer", {
        message = "the order is completed but the answer holds no output",
        order_id = order.id, correlation_id = order.correlation_id,
      })
    end
    return profile.new(output)
  elseif order.status == "FAILED" then
    return nil, err.new("failed", {
      order_id = order.id, correlation_id = order.correlation_id, history = order.history,
      raw = err.scrub(body, secrets_of(order)),
    })
  end
end

--- Take what a good look brought. COMPLETED is final only with what it promises; a word that is not known is not final.
-- What is final stays, also when the answer to an earlier look arrives after it.
-- @return "open": it is not final | "ended": with this look it is | "over": it was before | nil, err
function state.take(order, got)
  local body, reason, kind = answer.body(got, order.id)
  if not body then
    return nil, answer.unusable(reason, kind, got, state.context(order))
  end
  local mine = of(order)
  mine[LOOKED] = native.clock()
  if mine.profile or mine.failure then
    return "over"
  elseif body.status ~= order.status then
    state.note(order, body.status)
  end
  if order.status ~= "COMPLETED" and order.status ~= "FAILED" then
    return "open"
  end
  local made, failure, e = outcome_of(order, body)
  if made then  -- the other one is let alone: Lua 5.1 takes memory to make it nil
    mine.profile = made
  elseif failure then
    mine.failure = failure
  else
    return nil, e
  end
  return "ended"
end

--- The same of any look.
function state.heed(order, fault, got)
  if not answer.is_good(fault, got) then
    return nil, answer.error(fault, got, state.context(order))
  end
  return state.take(order, got)
end

--- Whether an answer says no more than that the provider does not know a young order yet.
function state.lags(order, fault, got)
  return not fault and got.http == 404 and native.clock() - of(order)[BORN] < LAG
end

--- The request of a look: what it has in common with others, the core puts together with these when it goes out.
-- @param spec  of another look, to be filled in anew, or nil
function state.request(order, spec)
  spec = spec or { method = "GET" }
  spec.order_id, spec.correlation_id = percent.encode(order.id), order.correlation_id
  return spec
end

return state

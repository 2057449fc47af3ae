-- Whatever a provider, a file or a caller says, the Lua layer answers with a value or an error, and tells no secret.
-- Not part of the suite: lua5.4 spec/fuzz/words.lua [rounds] [seed], with the paths of `make -s env`.

local answer = require "esim.answer"
local err = require "esim.err"
local json = require "esim.json"
local saved = require "esim.order.saved"
local profile = require "esim.profile"

local rounds, seed = tonumber(arg[1]) or 100000, tonumber(arg[2]) or os.time()
math.randomseed(seed)
print("seed " .. seed)

local TOKEN, ID = "tok%.E-n+(1)", "QZ-CDEFG-HIJKLM"
local CODE = "LPA:1$rsp.example.com$" .. ID
local WORDS = {
  '{', '}', '[', ']', '"', ':', ',', '\\', "null", "true", "1e9", "-", " ", "\n", "\0", "\255", "%", "$", "1$", "=",
  '"id":"o-1"', '"status":"COMPLETED"', '"status":null', '"output":{', '"matchingId":"' .. ID .. '"', '"messages":[',
  '"type":"X"', CODE, CODE:sub(5), "LPA%3A1%24rsp.example.com%24" .. ID, TOKEN, "Bearer " .. TOKEN, "lpa:", "<html>",
  '"lpa_url":"' .. CODE .. '"', "esim-order 1 ", "esim-order ", "id=a", "created=1", "status=a%20b", " end", "%0A",
}
local BODY = {
  "{", '"id":', '"o-1"', ",", '"status":', '"COMPLETED"', ",", '"output":', "{", '"matchingId":', '"' .. ID .. '"', ",",
  '"smdpUrl":', '"rsp.example.com"', ",", '"lpa_url":', '"' .. CODE .. '"', ",", '"iccid":', '"8944478600000205337"',
  "}", ",", '"messages":', "[", '"' .. CODE .. '"', ",", '"see ' .. TOKEN .. '"', "]", "}",
}

local function words()
  local out = {}
  for i = 1, math.random(0, 12) do out[i] = WORDS[math.random(#WORDS)] end
  return table.concat(out)
end

-- The body with a piece taken out, doubled or replaced (a secret stays whole, or is gone); or words.
local function text()
  if math.random(2) == 1 then return words() end
  local out, from = {}, math.random(#BODY)
  local to = math.min(#BODY, from + math.random(0, 3))
  local change = math.random(3)
  for i, part in ipairs(BODY) do
    if i < from or i > to or change == 1 then out[#out + 1] = part end
    if i == to and change == 1 then out[#out + 1] = table.concat(BODY, "", from, to) end
    if i == to and change == 2 then out[#out + 1] = words() end
  end
  return table.concat(out)
end

local function each_text(value, f, seen)
  seen = seen or {}
  if type(value) == "string" then
    f(value)
  elseif type(value) == "table" and not seen[value] then
    seen[value] = true
    for key, inner in pairs(value) do
      each_text(key, f, seen)
      each_text(inner, f, seen)
    end
  end
end

local function check(ok, what, input)
  if not ok then
    print(("%s, for %q"):format(what, input))
    os.exit(1)
  end
end

local function check_error(e, input)
  check(err.is(e), "no error", input)
  local said = tostring(e)
  check(not said:find("%c"), "more than one line", input)
  each_text(e, function(part) check(not part:find(TOKEN, 1, true), "the token", input) end)
  check(not said:find(TOKEN, 1, true), "the token", input)
  each_text(e, function(part) check(not part:find("example.com$" .. ID, 1, true), "the code", input) end)
end

local CONTEXT = { secrets = { TOKEN }, correlation_id = "c-1", is_order = true }

for _ = 1, rounds do
  local input = text()
  local body, e = answer.order({ http = 200, body = input, type = words(), sent = true }, CONTEXT)
  if body then
    check(type(body.id) == "string" and not body.id:find("[%c%s]"), "no id", input)
    if type(body.output) == "table" then
      local made = profile.new(body.output)
      check(made:code() or #made.notes > 0, "no code and no note", input)
      check(not tostring(made):find(ID, 1, true), "a secret under tostring", input)
    end
  else
    check_error(e, input)
  end
  check_error(answer.error(nil, { http = 422, body = input, sent = true }, CONTEXT), input)
  check_error(answer.error("cut", { body = input, detail = input, sent = true }, CONTEXT), input)
  local value = json.decode(input)
  if value ~= nil then
    local again = json.encode(value)
    check(again == nil or json.decode(again) ~= nil, "JSON that does not come back", input)
  end
  local fields, reason = saved.read(input)
  check(fields and type(fields.id) == "string" and type(fields.created) == "number" or type(reason) == "string",
    "neither an order nor a reason", input)
end
print(rounds .. " rounds")

-- What is wrong where there is no token.

local err = require "esim.err"
local native = require "esim.native"
local wrong = require "esim.auth.wrong"

describe("what is wrong where there is no token", function()
  it("is said in an error", function()
    local token, e = wrong.token "it is empty"
    assert.is_nil(token)
    assert.same({ "unauthorised", "it is empty" }, { e.kind, e.message })
  end)

  local RAISED = {
    { "a text", "the store is shut", "it failed: the store is shut" },
    { "nothing", nil, "it failed" },
    { "a secret", "key S3CRET-KEY refused", nil },
    { "a number", 7, "it failed: 7" },
    { "what has no words", setmetatable({}, { __tostring = function() error "mute" end }),
      "it failed: an error without words" },
  }
  for _, case in ipairs(RAISED) do
    it("is why a function failed: " .. case[1], function()
      local e = wrong.because("it failed", case[2], { "S3CRET-KEY" })
      assert.equal("unauthorised", e.kind)
      assert.is_true(e.message == case[3] or case[3] == nil and e.message:find("^it failed: key ") ~= nil)
      assert.is_nil(tostring(e):find("S3CRET-KEY", 1, true))
    end)
  end

  it("is our own error where that was raised, and no memory is no refusal", function()
    local own = err.new("unavailable", { message = "away" })
    assert.equal(own, wrong.because("it failed", own, {}))
    local e = wrong.because("it failed", "not enough memory", {})
    assert.same({ "not_sent", native.faults.memory }, { e.kind, e.message })
  end)
end)

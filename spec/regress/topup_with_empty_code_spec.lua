-- A top-up whose lpa_url came back empty was taken for a code that cannot be used: its page was an error's.

local esim = require "esim"
local profile = require "esim.profile"

it("a top-up is one, whether its code is absent or empty", function()
  for _, output in ipairs { {}, { lpa_url = "" }, { matchingId = "", lpa_url = "" }, { _lpa = "" } } do
    local bought = profile.new(output)
    assert.is_true(bought.topup)
    assert.truthy(assert(bought:page()):find('data-state="topup"', 1, true))
    local message, e = esim.mail(bought, { from = "shop@example.com", to = "ana@example.org" })
    assert.is_nil(message)
    assert.same({ "invalid", "profile" }, { e.kind, e.field })
  end
end)

it("a code that is there and cannot be used is none", function()
  local bought = profile.new { lpa_url = "LPA:1$rsp" }
  assert.is_nil(bought.topup)
  assert.equal("answer", select(2, bought:page()).kind)
end)

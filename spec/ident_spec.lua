local esim = require "esim"
local vectors = require "spec.support.vectors"

for name, check in pairs { eids = esim.eid.check, iccids = esim.iccid.check } do
  describe(name, function()
    for _, row in ipairs(vectors.read(name .. ".tsv")) do
      it("says " .. row[2] .. " of " .. row[1], function()
        local ok, reason = check(row[1])
        assert.equal(row[2], ok and "ok" or reason)
      end)
    end

    it("raises for what is no text", function()
      assert.has_error(function() check(nil) end)
      assert.has_error(function() check({}) end)
    end)

    it("finds every single wrong digit", function()
      local good = vectors.read(name .. ".tsv")[1][1]
      for i = 1, #good do
        local other = (tonumber(good:sub(i, i)) + 1) % 10
        local _, reason = check(good:sub(1, i - 1) .. other .. good:sub(i + 1))
        assert.equal("check", reason)
      end
    end)
  end)
end

-- An order that waited for its token when the process forked was placed twice: by the parent, and by the child.

local esim = require "esim"
local process = require "esim_process"
local provider = require "spec.support.provider"

describe("an order that waits for its token when the process forks", function()
  it("is the parent's, and the child's own goes out", function()
    local box = provider.start { delay = 0 }
    box.token_fault "hang=2,times=1"
    local client = assert(esim.client { url = box.url, credentials = {
      client_id = box.client_id, client_secret = box.client_secret, token_url = box.token_url,
    } })
    local function order(id)
      return client:order(provider.input(), { correlation_id = id, timeout = 30 })
    end
    esim.run(function()
      local tasks = {}
      for i = 1, 3 do tasks[i] = esim.spawn(order, "common-" .. i) end
      esim.sleep(0.2)
      local pid = process.fork()
      if pid == 0 then
        local right = order "own" and 0 or 1
        for _, task in ipairs(tasks) do
          local placed, e = task:join()
          right = right + ((placed or e.kind ~= "not_sent") and 2 or 0)
        end
        process.exit(right)
      end
      for _, task in ipairs(tasks) do assert(task:join()) end
      assert.equal(0, process.wait(pid))
    end)
    assert.equal(4, box.log().orders)
    assert(box.stop())
  end)
end)

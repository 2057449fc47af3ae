-- An order that waited for its token when the process forked was placed twice: by the parent, and by the child.

local core = require "esim.core"
local esim = require "esim"
local process = require "esim_process"
local provider = require "spec.support.provider"

describe("an order that waits for its token when the process forks", function()
  it("is the parent's also where the token function itself forks", function()
    local box, pid = provider.start { delay = 0 }, nil
    local client = assert(esim.client { url = box.url, token = function()
      pid = process.fork()
      return box.token, 300
    end })
    local placed, e = client:order(provider.input())
    if pid == 0 then
      process.exit(not placed and e.kind == "not_sent" and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
    assert.truthy(placed, e)
    assert.equal(1, box.log().orders)
    assert(box.stop())
  end)

  -- In a container, and in a namespace of its own within that, the system may give it its parent's.
  it("has another number in the child, whatever the system's is", function()
    local forks = math.floor(core.process() / 2 ^ 32)
    local pid = process.fork()
    if pid == 0 then
      process.exit(math.floor(core.process() / 2 ^ 32) == forks + 1 and 0 or 1)
    end
    assert.equal(0, process.wait(pid))
  end)

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

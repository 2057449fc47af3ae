-- `make pictures`: README.md's pictures, of the running software: a terminal, pages of an nginx beside the sandbox.

local browser = require "spec.support.browser"
local output_of = require "spec.support.output_of"
local phones = require "spec.support.pictures.phones"
local street = require "spec.support.street"
local terminal = require "spec.support.pictures.terminal"

local FOLDER = "spec/pictures"
local MOST = 100 * 1024  -- bytes of a picture
local SIGHT = { width = 390, height = 1010 }  -- of a tall phone, so that the whole code is in it

-- With a palette of 8 bits a pixel at most, on a ground that one sees through.
local function save(chromium, name, html, viewport)
  local page = chromium:open { html = html, viewport = viewport, scale = 2 }
  local drawn = page:screenshot("picture-" .. name, { fullPage = true, omitBackground = true })
  local file = ("%s/%s.png"):format(FOLDER, name)
  page:close()
  output_of(("pngquant --force --strip --speed 1 --output %s %s"):format(file, drawn))
  local size = #street.read_file(file)
  assert(size < MOST, file .. " is larger than it may be")
  assert(#browser.scan(file) == 1, "nobody can scan " .. file)
  print(("%s: %d bytes"):format(file, size))
end

-- The page of an order, as a shop's customer opens it.
local function open(chromium, order, device, dark)
  local link = order.links.page:gsub("^/esim/", "/shop/")
  return chromium:open {
    url = street.server.url .. link, device = device, viewport = SIGHT, dark = dark, scale = 2,
  }
end

-- What is in sight of it -> file name from the root on
local function shoot(page, name)
  return (output_of("pwd"):gsub("%s+$", "")) .. "/" .. page:screenshot(name, { fullPage = false })
end

local function draw_terminal(chromium)
  local said = output_of "make -s demo 2>&1"
  assert(said:find("Status: COMPLETED", 1, true), said)
  save(chromium, "terminal", terminal.html("make demo", said), { width = 632, height = 100 })
end

local function draw_page(chromium)
  local order = street.place("cm9k")
  street.completed(order)
  local page = open(chromium, order, "iphone", false)
  local shot = shoot(page, "page")
  save(chromium, "page", phones.html { shot }, { width = 442, height = 100 })
end

-- One page, before and after.
local function draw_live(chromium)
  local order = street.place("sandbox:slow=6")
  local page = open(chromium, order, "android", true)
  page:await "document.querySelector('[data-stage=making][aria-current]') !== null"
  local before = shoot(page, "live-before")
  page:await "document.querySelector('main[data-state=install]') !== null"
  assert(page:navigations() == 1)
  local after = shoot(page, "live-after")
  save(chromium, "live", phones.html { before, after }, { width = 880, height = 100 })
end

local function draw()
  local chromium = browser.start()
  street.open()
  local ok, reason = xpcall(function()
    draw_terminal(chromium)
    draw_page(chromium)
    draw_live(chromium)
  end, debug.traceback)
  street.close()
  assert(chromium:stop())
  assert(ok, reason)
end

draw()

--- eSIM provisioning: place an order, wait for it without blocking, hand out the code.
-- This file re-exports; each name is documented where it is made.

local client = require "esim.client"
local code = require "esim.code"
local each = require "esim.each"
local env = require "esim.env"
local ident = require "esim.ident"
local loop = require "esim.loop"
local mail = require "esim.mail"
local metrics = require "esim.metrics"
local native = require "esim.native"
local notification = require "esim.notification"
local symbol = require "esim.symbol"
local task = require "esim.task"

return {
  VERSION = native.version,
  PRODUCTION = client.PRODUCTION,
  PREPRODUCTION = client.PREPRODUCTION,
  client = client.new,
  each = each.new,
  from_env = env.options,
  mail = mail.message,
  metrics = metrics.new,
  code = code,
  eid = ident.eid,
  iccid = ident.iccid,
  qr = symbol.new,
  notification = { parse = notification.parse },
  run = task.run,
  spawn = task.spawn,
  all = task.all,
  sleep = task.sleep,
  use = loop.use,
  fd = loop.fd,
  pump = loop.pump,
}

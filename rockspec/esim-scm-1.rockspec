rockspec_format = "3.0"
package = "esim"
version = "scm-1"
source = { url = "git+https://example.com/esim.git" }
description = {
  summary = "eSIM provisioning: order, wait without blocking, hand out the code",
  detailed = "Places orders with 1GLOBAL's Connect API; never orders twice, never loses an order, never prints a secret.",
  license = "MIT",
}
supported_platforms = { "linux" }
dependencies = { "lua >= 5.1, < 5.5", "lua-cjson >= 2.1" }
external_dependencies = {
  CURL = { library = "curl" },
  QRENCODE = { library = "qrencode" },
  PNG = { library = "png" },
}
build = {
  type = "builtin",
  modules = {
    ["esim.core"] = {
      defines = { "_GNU_SOURCE" },
      libraries = { "curl", "qrencode", "png", "m", "pthread" },
      sources = {
        "csrc/bind/account.c",
        "csrc/bind/code.c",
        "csrc/bind/compat.c",
        "csrc/bind/core.c",
        "csrc/bind/ident.c",
        "csrc/bind/inbox.c",
        "csrc/bind/nginx.c",
        "csrc/bind/options.c",
        "csrc/bind/schedule.c",
        "csrc/bind/symbol.c",
        "csrc/core/account.c",
        "csrc/core/answer.c",
        "csrc/core/bell.c",
        "csrc/core/clock.c",
        "csrc/core/code.c",
        "csrc/core/dispatch.c",
        "csrc/core/driver.c",
        "csrc/core/engine.c",
        "csrc/core/fault.c",
        "csrc/core/heap.c",
        "csrc/core/ident.c",
        "csrc/core/inbox.c",
        "csrc/core/picture.c",
        "csrc/core/poller.c",
        "csrc/core/schedule.c",
        "csrc/core/symbol.c",
        "csrc/core/url.c",
        "csrc/core/wire.c",
        "csrc/core/work.c",
      },
    },
    ["esim"] = "lua/esim.lua",
    ["esim.answer"] = "lua/esim/answer.lua",
    ["esim.auth"] = "lua/esim/auth.lua",
    ["esim.client"] = "lua/esim/client.lua",
    ["esim.code"] = "lua/esim/code.lua",
    ["esim.env"] = "lua/esim/env.lua",
    ["esim.err"] = "lua/esim/err.lua",
    ["esim.ident"] = "lua/esim/ident.lua",
    ["esim.input"] = "lua/esim/input.lua",
    ["esim.json"] = "lua/esim/json.lua",
    ["esim.loop"] = "lua/esim/loop.lua",
    ["esim.loop.blocking"] = "lua/esim/loop/blocking.lua",
    ["esim.loop.nginx"] = "lua/esim/loop/nginx.lua",
    ["esim.native"] = "lua/esim/native.lua",
    ["esim.order"] = "lua/esim/order.lua",
    ["esim.profile"] = "lua/esim/profile.lua",
    ["esim.protect"] = "lua/esim/protect.lua",
    ["esim.sandbox"] = "lua/esim/sandbox.lua",
    ["esim.sandbox.checks"] = "lua/esim/sandbox/checks.lua",
    ["esim.sandbox.faults"] = "lua/esim/sandbox/faults.lua",
    ["esim.sandbox.provider"] = "lua/esim/sandbox/provider.lua",
    ["esim.symbol"] = "lua/esim/symbol.lua",
    ["esim.task"] = "lua/esim/task.lua",
    ["esim.web.crypto"] = "lua/esim/web/crypto.lua",
    ["esim.web.link"] = "lua/esim/web/link.lua",
  },
}
test = { type = "command", command = "make test" }

#include "bind.h"

#include <string.h>

#include "../core/base64.h"
#include "../core/clock.h"
#include "../core/fault.h"
#include "../core/process.h"
#include "../core/version.h"

/* core.uuid() -> a version 4 UUID (RFC 9562) | nil, "system" */
static int core_uuid(lua_State *L) {
  char text[37];
  if (!esim_uuid(text))
    return bind_push_fault(L, ESIM_SYSTEM);
  lua_pushstring(L, text);
  return 1;
}

/* core.clock() -> seconds on the monotonic clock */
static int core_clock(lua_State *L) {
  lua_pushnumber(L, esim_clock());
  return 1;
}

/* core.wall() -> seconds since 1970 */
static int core_wall(lua_State *L) {
  lua_pushnumber(L, esim_wall());
  return 1;
}

/* core.process() -> a number that is another one in each child of a fork */
static int core_process(lua_State *L) {
  lua_pushnumber(L, esim_process());
  return 1;
}

/* core.base64(bytes) -> text (RFC 4648), for HTTP Basic: wiped here */
static int core_base64(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 1, &size);
  size_t length = ESIM_BASE64_SIZE(size);
  char *text = lua_newuserdatauv(L, length + 1, 0);
  esim_base64(bytes, size, text);
  lua_pushlstring(L, text, length);
  explicit_bzero(text, length);
  return 1;
}

/* { word = sentence } of everything that can go wrong below Lua */
static void push_faults(lua_State *L) {
  lua_newtable(L);
  for (int fault = ESIM_OK + 1; fault < ESIM_FAULT_COUNT; fault++) {
    lua_pushstring(L, esim_fault_sentence((esim_fault)fault));
    lua_setfield(L, -2, esim_fault_word((esim_fault)fault));
  }
}

/*
** A library for another Lua usually fails to load; where the loader lets it
** pass, its numbers would be read wrongly. `_VERSION` is the host's own word.
*/
static void check_host(lua_State *L) {
  lua_getglobal(L, "_VERSION");
  const char *host = lua_tostring(L, -1);
  if (host != NULL && strcmp(host, LUA_VERSION) != 0)
    luaL_error(L, "esim.core was built for %s, this is %s", LUA_VERSION, host);
  lua_pop(L, 1);
}

static const luaL_Reg functions[] = {
  { "uuid", core_uuid },
  { "clock", core_clock },
  { "wall", core_wall },
  { "process", core_process },
  { "base64", core_base64 },
  { NULL, NULL }
};

__attribute__((visibility("default"))) int luaopen_esim_core(lua_State *L);

int luaopen_esim_core(lua_State *L) {
  check_host(L);
  luaL_newlib(L, functions);
  push_faults(L);
  lua_setfield(L, -2, "faults");
  lua_pushliteral(L, ESIM_VERSION);
  lua_setfield(L, -2, "version");
  bind_ident(L);
  bind_code(L);
  bind_symbol(L);
  bind_account(L);
  bind_schedule(L);
  bind_experience(L);
  bind_inbox(L);
  bind_errand(L);
  bind_nginx(L);
  return 1;
}

#include <stdbool.h>

#include "bind.h"

/*
** Where Lua lets a C function be suspended (5.3 and 5.4) a task that waits has
** its errand done by this one, which is a frame less than a Lua function that
** calls coroutine.yield. See lua/esim/loop/hands.lua, which has the same for
** the others.
*/
#if LUA_VERSION_NUM >= 503

enum { HANDS = lua_upvalueindex(1), STEP = lua_upvalueindex(2),
       OTHERWISE = lua_upvalueindex(3) };

#define ARGUMENTS 2

/* Whether the running coroutine is a task's own, which can be suspended. */
static bool may_yield(lua_State *L) {
  lua_getfield(L, HANDS, "thread");
  bool may = lua_tothread(L, -1) == L && lua_isyieldable(L);
  lua_pop(L, 1);
  return may;
}

static int give_all(lua_State *L, int status, lua_KContext context) {
  (void)status, (void)context;
  return lua_gettop(L);
}

/* Done on the caller's own stack. */
static int do_here(lua_State *L) {
  lua_settop(L, ARGUMENTS);
  lua_pushvalue(L, OTHERWISE);
  lua_insert(L, 1);
  lua_callk(L, ARGUMENTS, LUA_MULTRET, 0, give_all);
  return give_all(L, LUA_OK, 0);
}

static bool is_here(lua_State *L, int at) {
  lua_getfield(L, HANDS, "HERE");
  bool here = lua_rawequal(L, at, -1);
  lua_pop(L, 1);
  return here;
}

/*
** Behind the arguments: true, … | false, what was raised | hands.HERE. With
** anything else, or nothing, it is somebody else who resumed the task.
*/
static int go_on(lua_State *L, int status, lua_KContext context) {
  const int first = ARGUMENTS + 1;
  (void)status, (void)context;
  if (lua_gettop(L) < first || !lua_isboolean(L, first)) {
    if (lua_gettop(L) >= first && is_here(L, first))
      return do_here(L);
    lua_settop(L, ARGUMENTS);
    return lua_yieldk(L, 0, 0, go_on);
  }
  if (lua_toboolean(L, first))
    return lua_gettop(L) - first;
  lua_settop(L, first + 1);
  return lua_error(L);
}

static int errand(lua_State *L) {
  lua_settop(L, ARGUMENTS);
  if (!may_yield(L))
    return do_here(L);
  lua_getfield(L, HANDS, "ERRAND");
  lua_pushvalue(L, STEP);
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  return lua_yieldk(L, 2 + ARGUMENTS, 0, go_on);
}

/* core.errand(hands, step, otherwise) -> function of two arguments */
static int errand_make(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TFUNCTION);
  luaL_checktype(L, 3, LUA_TFUNCTION);
  lua_settop(L, 3);
  lua_pushcclosure(L, errand, 3);
  return 1;
}

void bind_errand(lua_State *L) {
  lua_pushcfunction(L, errand_make);
  lua_setfield(L, -2, "errand");
}

#else

void bind_errand(lua_State *L) {
  (void)L;
}

#endif

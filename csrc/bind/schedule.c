#include "schedule.h"

#include <stdbool.h>

#include "../core/clock.h"
#include "bind.h"
#include "options.h"

static bool has(lua_State *L, int table, const char *field) {
  lua_getfield(L, table, field);
  bool there = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return there;
}

static float options_float(lua_State *L, int table, const char *field,
                           float absent, double least) {
  return (float)options_number(L, table, field, absent, least);
}

esim_schedule bind_read_schedule(lua_State *L, int table) {
  esim_schedule s = ESIM_SCHEDULE_DEFAULT;
  bool own = has(L, table, "first") || has(L, table, "factor") ||
             has(L, table, "cap") || has(L, table, "jitter");
  s.price = options_float(L, table, "price", s.price, 1e-6);
  s.first = options_float(L, table, "first", s.first, 0.001);
  s.factor = options_float(L, table, "factor", s.factor, 1);
  s.cap = options_float(L, table, "cap", s.cap, 0.001);
  s.jitter = options_float(L, table, "jitter", s.jitter, 0);
  if (s.jitter > 1)
    luaL_error(L, "jitter: out of range");
  if (own)
    s.price = 0;
  return s;
}

/*
** core.next_look(schedule, last, looks, chance [, together]) -> age in seconds
** of the look after one at age `last`; `schedule` as in a poll's spec
*/
static int schedule_next(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  esim_schedule s = bind_read_schedule(L, 1);
  double last = luaL_checknumber(L, 2);
  unsigned looks = (unsigned)luaL_checknumber(L, 3);
  double chance = luaL_checknumber(L, 4);
  bool together = lua_toboolean(L, 5);
  lua_pushnumber(L, esim_schedule_next(&s, NULL, last, looks, together,
                                       chance));
  return 1;
}

/* core.next_retry(failures, retry_after | nil [, chance]) -> seconds to wait */
static int schedule_retry(lua_State *L) {
  unsigned failures = (unsigned)luaL_checknumber(L, 1);
  double retry_after = luaL_optnumber(L, 2, -1);
  double chance =
      lua_isnoneornil(L, 3) ? esim_chance() : luaL_checknumber(L, 3);
  luaL_argcheck(L, failures >= 1, 1, "at least one failure expected");
  lua_pushnumber(L, esim_schedule_retry(failures, retry_after, chance));
  return 1;
}

static const luaL_Reg functions[] = {
  { "next_look", schedule_next },
  { "next_retry", schedule_retry },
  { NULL, NULL }
};

void bind_schedule(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}

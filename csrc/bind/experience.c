#include "../core/experience.h"

#include "bind.h"
#include "schedule.h"

#define TYPE "esim.experience"

static esim_experience *check_experience(lua_State *L) {
  return luaL_checkudata(L, 1, TYPE);
}

static double check_age(lua_State *L, int index) {
  double age = luaL_checknumber(L, index);
  luaL_argcheck(L, age >= 0 && age <= 1e9, index, "out of range");
  return age;
}

/* core.experience() -> an experience of its own: none yet */
static int experience_open(lua_State *L) {
  esim_experience *x = lua_newuserdatauv(L, sizeof *x, 0);
  *x = (esim_experience){ { 0 }, { 0 } };
  luaL_setmetatable(L, TYPE);
  return 1;
}

/*
** experience:next_look(schedule, last, looks, chance [, together]) -> age in
** seconds of the look after one at age `last`; as core.next_look
*/
static int experience_next(lua_State *L) {
  const esim_experience *x = check_experience(L);
  luaL_checktype(L, 2, LUA_TTABLE);
  esim_schedule s = bind_read_schedule(L, 2);
  double last = check_age(L, 3);
  unsigned looks = (unsigned)luaL_checknumber(L, 4);
  double chance = luaL_checknumber(L, 5);
  bool together = lua_toboolean(L, 6);
  lua_pushnumber(L, esim_schedule_next(&s, x, last, looks, together, chance));
  return 1;
}

/* experience:unseen(last, age) -> seconds of unseen waiting to be expected */
static int experience_unseen(lua_State *L) {
  const esim_experience *x = check_experience(L);
  double last = check_age(L, 2), age = check_age(L, 3);
  luaL_argcheck(L, age >= last, 3, "before the last look");
  esim_curve curve;
  esim_experience_draw(x, &curve);
  lua_pushnumber(L, esim_curve_unseen(&curve, last, age));
  return 1;
}

/*
** experience:learn(from, to, done): a look at age `to` found the order open, or
** `done`, which it was not at age `from`
*/
static int experience_learn(lua_State *L) {
  esim_experience *x = check_experience(L);
  double from = check_age(L, 2), to = check_age(L, 3);
  esim_experience_learn(x, from, to, lua_toboolean(L, 4));
  return 0;
}

/* experience:save() -> text */
static int experience_save(lua_State *L) {
  char text[ESIM_EXPERIENCE_TEXT];
  size_t size = esim_experience_write(check_experience(L), text);
  lua_pushlstring(L, text, size);
  return 1;
}

/* experience:load(text) -> whether it was one; if not nothing is changed */
static int experience_load(lua_State *L) {
  esim_experience *x = check_experience(L);
  lua_pushboolean(L, esim_experience_read(x, luaL_checkstring(L, 2)));
  return 1;
}

static const luaL_Reg methods[] = {
  { "next_look", experience_next },
  { "unseen", experience_unseen },
  { "learn", experience_learn },
  { "save", experience_save },
  { "load", experience_load },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "experience", experience_open },
  { NULL, NULL }
};

void bind_experience(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}

#include "../core/symbol.h"

#include <limits.h>
#include <string.h>

#include "../core/picture.h"
#include "bind.h"

#define TYPE "esim.symbol"
#define PICTURE "esim.picture"

static esim_symbol *check_symbol(lua_State *L) {
  esim_symbol *s = luaL_checkudata(L, 1, TYPE);
  if (s->modules == NULL)
    luaL_error(L, "attempt to use a closed symbol");
  return s;
}

/* core.symbol(text [, level = "M" [, boost = true]]) -> symbol | nil, fault */
static int symbol_open(lua_State *L) {
  size_t size, level_size;
  const char *text = luaL_checklstring(L, 1, &size);
  const char *level = luaL_optlstring(L, 2, "M", &level_size);
  bool boost = lua_isnoneornil(L, 3) || lua_toboolean(L, 3);
  if (lua_isnoneornil(L, 2))
    level_size = 1;
  esim_symbol *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (esim_symbol){ 0 };
  luaL_setmetatable(L, TYPE);
  if (level_size != 1)
    return bind_push_fault(L, ESIM_LEVEL);
  esim_fault fault = esim_symbol_open(text, size, level[0], boost, s);
  return fault == ESIM_OK ? 1 : bind_push_fault(L, fault);
}

static int symbol_close(lua_State *L) {
  esim_symbol_close(luaL_checkudata(L, 1, TYPE));
  return 0;
}

/* The module that a number is in; before the first, beyond all, NaN: none. */
static int check_place(lua_State *L, int at) {
  lua_Number number = luaL_checknumber(L, at);
  return number >= 0 && number < INT_MAX ? (int)number : -1;
}

/* symbol:at(x, y) -> whether that module is dark */
static int symbol_at(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  int x = check_place(L, 2), y = check_place(L, 3);
  lua_pushboolean(L, esim_symbol_at(s, x, y));
  return 1;
}

/* Drawing. */

static int picture_close(lua_State *L) {
  esim_picture_close(luaL_checkudata(L, 1, PICTURE));
  return 0;
}

/* A picture that the collector frees, should pushing its bytes raise. */
static esim_picture *new_picture(lua_State *L) {
  esim_picture *p = lua_newuserdatauv(L, sizeof *p, 0);
  *p = (esim_picture){ 0 };
  luaL_setmetatable(L, PICTURE);
  return p;
}

static int push_picture(lua_State *L, esim_fault fault, esim_picture *p) {
  if (fault != ESIM_OK)
    return bind_push_fault(L, fault);
  lua_pushlstring(L, p->bytes, p->size);
  esim_picture_close(p);
  return 1;
}

/*
** The methods that draw take what lua/esim/symbol.lua has settled, each in its
** place, and last the two colours as numbers. All return bytes | nil, fault.
*/

static esim_ink check_ink(lua_State *L, int dark) {
  return (esim_ink){ (unsigned)luaL_checkinteger(L, dark) & ESIM_WHITE,
                     (unsigned)luaL_checkinteger(L, dark + 1) & ESIM_WHITE };
}

static int check_whole(lua_State *L, int at) {
  return (int)luaL_checkinteger(L, at);
}

/* symbol:png(scale, margin, pixels a metre, dark, light) */
static int symbol_png(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  int scale = check_whole(L, 2), margin = check_whole(L, 3);
  int per_metre = check_whole(L, 4);
  esim_ink ink = check_ink(L, 5);
  esim_picture *p = new_picture(L);
  return push_picture(L, esim_picture_png(s, scale, margin, per_metre, ink, p),
                      p);
}

/* symbol:data_uri(scale, margin, pixels a metre, dark, light) */
static int symbol_data_uri(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  int scale = check_whole(L, 2), margin = check_whole(L, 3);
  int per_metre = check_whole(L, 4);
  esim_ink ink = check_ink(L, 5);
  esim_picture *p = new_picture(L);
  esim_fault fault = esim_picture_data_uri(s, scale, margin, per_metre, ink, p);
  return push_picture(L, fault, p);
}

/* symbol:svg(margin, side as text or nil, dark, light) */
static int symbol_svg(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  int margin = check_whole(L, 2);
  const char *side = luaL_optstring(L, 3, NULL);
  esim_ink ink = check_ink(L, 4);
  esim_picture *p = new_picture(L);
  return push_picture(L, esim_picture_svg(s, margin, side, ink, p), p);
}

/* symbol:eps(margin, thousandths of a point a side or 0, dark, light) */
static int symbol_eps(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  int margin = check_whole(L, 2), side = check_whole(L, 3);
  esim_ink ink = check_ink(L, 4);
  esim_picture *p = new_picture(L);
  return push_picture(L, esim_picture_eps(s, margin, side, ink, p), p);
}

/* symbol:text(margin, invert, dark, light) */
static int symbol_text(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  int margin = check_whole(L, 2);
  bool invert = lua_toboolean(L, 3);
  esim_ink ink = check_ink(L, 4);
  esim_picture *p = new_picture(L);
  return push_picture(L, esim_picture_text(s, margin, invert, ink, p), p);
}

/* A field, or else a method (the upvalue). */
static int symbol_index(lua_State *L) {
  const esim_symbol *s = check_symbol(L);
  const char *name = luaL_checkstring(L, 2);
  if (strcmp(name, "size") == 0) {
    lua_pushinteger(L, s->size);
  } else if (strcmp(name, "version") == 0) {
    lua_pushinteger(L, s->version);
  } else if (strcmp(name, "level") == 0) {
    lua_pushlstring(L, &s->level, 1);
  } else {
    lua_getfield(L, lua_upvalueindex(1), name);
  }
  return 1;
}

static const luaL_Reg methods[] = {
  { "at", symbol_at },
  { "png", symbol_png },
  { "svg", symbol_svg },
  { "eps", symbol_eps },
  { "text", symbol_text },
  { "data_uri", symbol_data_uri },
  { NULL, NULL }
};

static const luaL_Reg metamethods[] = {
  { "__gc", symbol_close },
  { "__close", symbol_close },
  { NULL, NULL }
};

static const luaL_Reg picture_metamethods[] = {
  { "__gc", picture_close },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "symbol", symbol_open },
  { NULL, NULL }
};

void bind_symbol(lua_State *L) {
  luaL_newmetatable(L, PICTURE);
  luaL_setfuncs(L, picture_metamethods, 0);
  lua_pop(L, 1);
  luaL_newmetatable(L, TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, "symbol_methods");  /* which symbol.lua wraps */
  lua_pushcclosure(L, symbol_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}

#include "options.h"

#include <string.h>

/* Raw: what __index made on the spot nobody would keep from the collector. */
static void get(lua_State *L, int table, const char *field) {
  lua_pushstring(L, field);
  lua_rawget(L, table);
}

double options_number(lua_State *L, int table, const char *field, double absent,
                      double least) {
  double number = absent;
  get(L, table, field);
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TNUMBER)
      luaL_error(L, "%s: number expected, got %s", field, luaL_typename(L, -1));
    number = lua_tonumber(L, -1);
    if (!(number >= least) || number > 1e9)  /* nor NaN */
      luaL_error(L, "%s: out of range", field);
  }
  lua_pop(L, 1);
  return number;
}

const char *options_string(lua_State *L, int table, const char *field) {
  const char *text = NULL;
  get(L, table, field);
  if (!lua_isnil(L, -1)) {
    size_t size;
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "%s: string expected, got %s", field, luaL_typename(L, -1));
    text = lua_tolstring(L, -1, &size);
    if (strlen(text) != size)
      luaL_error(L, "%s: holds a NUL byte", field);
  }
  lua_pop(L, 1);
  return text;
}

const char *options_required(lua_State *L, int table, const char *field) {
  const char *text = options_string(L, table, field);
  if (text == NULL)
    luaL_error(L, "%s: string expected, got no value", field);
  return text;
}

bool options_boolean(lua_State *L, int table, const char *field) {
  get(L, table, field);
  bool value = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

static const char *check_line(lua_State *L, const char *field, int i) {
  const char *line = lua_tostring(L, -1);
  if (lua_type(L, -1) != LUA_TSTRING || strlen(line) != lua_rawlen(L, -1))
    luaL_error(L, "%s: line %d is no header", field, i);
  return line;
}

unsigned options_lines(lua_State *L, int table, const char *field,
                       const char **lines, unsigned most) {
  get(L, table, field);
  unsigned count = 0;
  if (!lua_isnil(L, -1)) {
    luaL_checktype(L, -1, LUA_TTABLE);
    if (lua_rawlen(L, -1) > most)
      luaL_error(L, "%s: too many", field);
    for (unsigned end = (unsigned)lua_rawlen(L, -1); count < end; count++) {
      lua_rawgeti(L, -1, (int)count + 1);
      lines[count] = check_line(L, field, (int)count + 1);
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return count;
}

#include "../core/code.h"
#include "bind.h"

static void set_slice(lua_State *L, const char *field, esim_slice slice) {
  lua_pushlstring(L, slice.text, slice.size);
  lua_setfield(L, -2, field);
}

/*
** core.parse(text [, lenient]) -> { smdp, matching_id, oid,
** confirmation_code_required } | nil, the field at fault
*/
static int code_parse(lua_State *L) {
  size_t size;
  esim_code code;
  const char *text = luaL_checklstring(L, 1, &size);
  esim_fault fault = esim_code_parse(text, size, lua_toboolean(L, 2), &code);
  if (fault != ESIM_OK)
    return bind_push_fault(L, fault);
  lua_createtable(L, 0, 4);
  set_slice(L, "smdp", code.address);
  set_slice(L, "matching_id", code.matching_id);
  if (code.oid.size > 0)
    set_slice(L, "oid", code.oid);
  lua_pushboolean(L, code.confirmation_code);
  lua_setfield(L, -2, "confirmation_code_required");
  return 1;
}

/* The text of a field, not from a metatable: it stays, and so stays valid. */
static esim_slice get_slice(lua_State *L, const char *field) {
  esim_slice slice = { "", 0 };
  lua_pushstring(L, field);
  lua_rawget(L, 1);
  if (lua_type(L, -1) == LUA_TSTRING)
    slice.text = lua_tolstring(L, -1, &slice.size);
  else if (!lua_isnil(L, -1))
    luaL_error(L, "%s: string expected, got %s", field, luaL_typename(L, -1));
  lua_pop(L, 1);
  return slice;
}

/* core.format(fields [, prefix = true [, lenient]]) -> text | nil, field */
static int code_format(lua_State *L) {
  char text[ESIM_CODE_ROOM];
  size_t size;
  luaL_checktype(L, 1, LUA_TTABLE);
  esim_code code = { get_slice(L, "smdp"), get_slice(L, "matching_id"),
                     get_slice(L, "oid"), false };
  lua_getfield(L, 1, "confirmation_code_required");
  code.confirmation_code = lua_toboolean(L, -1);
  bool prefix = lua_isnoneornil(L, 2) || lua_toboolean(L, 2);
  esim_fault fault = esim_code_format(&code, prefix, lua_toboolean(L, 3), text,
                                      &size);
  if (fault != ESIM_OK)
    return bind_push_fault(L, fault);
  lua_pushlstring(L, text, size);
  return 1;
}

static const luaL_Reg functions[] = {
  { "parse", code_parse },
  { "format", code_format },
  { NULL, NULL }
};

void bind_code(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}

#include "compat.h"

#if LUA_VERSION_NUM < 502

int compat_absindex(lua_State *L, int index) {
  if (index > 0 || index <= LUA_REGISTRYINDEX)
    return index;
  return lua_gettop(L) + index + 1;
}

void compat_setfuncs(lua_State *L, const luaL_Reg *functions, int upvalues) {
  luaL_checkstack(L, upvalues + 1, "too many upvalues");
  for (; functions->name != NULL; functions++) {
    for (int i = 0; i < upvalues; i++)
      lua_pushvalue(L, -upvalues);
    lua_pushcclosure(L, functions->func, upvalues);
    lua_setfield(L, -(upvalues + 2), functions->name);
  }
  lua_pop(L, upvalues);
}

void compat_setmetatable(lua_State *L, const char *type) {
  luaL_getmetatable(L, type);
  lua_setmetatable(L, -2);
}

void *compat_testudata(lua_State *L, int index, const char *type) {
  void *data = lua_touserdata(L, index);
  if (data == NULL || !lua_getmetatable(L, index))
    return NULL;
  luaL_getmetatable(L, type);
  if (!lua_rawequal(L, -1, -2))
    data = NULL;
  lua_pop(L, 2);
  return data;
}

#else

/* ISO C wants something in every file. */
typedef int compat_nothing;

#endif

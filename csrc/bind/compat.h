#ifndef ESIM_COMPAT_H
#define ESIM_COMPAT_H

/*
** One source for Lua 5.1, LuaJIT, 5.3 and 5.4: what the older ones lack, under
** the name and with the meaning that the newer ones give it. LuaJIT has some
** of it, but a library that imports only what 5.1 has runs in both.
*/

#include <lauxlib.h>
#include <lua.h>

#if LUA_VERSION_NUM < 502

#undef LUA_OK
#undef luaL_newlib
#define LUA_OK 0
#define lua_rawlen lua_objlen
#define lua_absindex compat_absindex
#define luaL_setfuncs compat_setfuncs
#define luaL_setmetatable compat_setmetatable
#define luaL_testudata compat_testudata
#define luaL_newlib(L, functions) \
  (lua_newtable(L), luaL_setfuncs(L, functions, 0))

int compat_absindex(lua_State *L, int index);
void compat_setfuncs(lua_State *L, const luaL_Reg *functions, int upvalues);
void compat_setmetatable(lua_State *L, const char *type);
void *compat_testudata(lua_State *L, int index, const char *type);

#endif

#if LUA_VERSION_NUM < 504
#define lua_newuserdatauv(L, size, values) lua_newuserdata(L, size)
#endif

#endif

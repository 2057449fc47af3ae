#include "../core/ident.h"
#include "bind.h"

static int push_verdict(lua_State *L, esim_fault fault) {
  if (fault != ESIM_OK)
    return bind_push_fault(L, fault);
  lua_pushboolean(L, 1);
  return 1;
}

/* core.eid(text) -> true | nil, "length" | "digit" | "check" */
static int ident_eid(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  return push_verdict(L, esim_eid_check(text, size));
}

/* core.iccid(text) -> likewise */
static int ident_iccid(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  return push_verdict(L, esim_iccid_check(text, size));
}

static const luaL_Reg functions[] = {
  { "eid", ident_eid },
  { "iccid", ident_iccid },
  { NULL, NULL }
};

void bind_ident(lua_State *L) {
  luaL_setfuncs(L, functions, 0);
}

#include "../core/fault.h"

#include "bind.h"

int bind_push_fault(lua_State *L, esim_fault fault) {
  lua_pushnil(L);
  lua_pushstring(L, esim_fault_word(fault));
  return 2;
}

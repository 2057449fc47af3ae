#ifndef ESIM_BIND_H
#define ESIM_BIND_H

#include "../core/fault.h"
#include "compat.h"

/*
** One binding file per type. Each of these takes the table of the module
** `esim.core` on the top of the stack, adds its functions, and leaves it there.
*/
void bind_ident(lua_State *L);
void bind_code(lua_State *L);
void bind_symbol(lua_State *L);
void bind_account(lua_State *L);
void bind_schedule(lua_State *L);
void bind_experience(lua_State *L);
void bind_inbox(lua_State *L);
void bind_errand(lua_State *L);
void bind_nginx(lua_State *L);

/* Push nil and the word of `fault`; 2, for a function to return. */
int bind_push_fault(lua_State *L, esim_fault fault);

#endif

#ifndef ESIM_BIND_ACCOUNT_H
#define ESIM_BIND_ACCOUNT_H

#include "../core/account.h"
#include "compat.h"

/* The account at stack index `index`; raises where there is none. */
esim_account *bind_check_account(lua_State *L, int index);

#endif

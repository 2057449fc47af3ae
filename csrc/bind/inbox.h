#ifndef ESIM_BIND_INBOX_H
#define ESIM_BIND_INBOX_H

#include "../core/inbox.h"
#include "compat.h"

/* The inbox at stack index `index`; raises where there is none. */
esim_inbox *bind_check_inbox(lua_State *L, int index);

#endif

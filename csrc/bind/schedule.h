#ifndef ESIM_BIND_SCHEDULE_H
#define ESIM_BIND_SCHEDULE_H

#include "../core/schedule.h"
#include "compat.h"

/* The schedule in the fields of the table at stack index `table`. */
esim_schedule bind_read_schedule(lua_State *L, int table);

#endif

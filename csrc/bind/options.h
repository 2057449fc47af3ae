#ifndef ESIM_OPTIONS_H
#define ESIM_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "compat.h"

/*
** Fields of a table of options at stack index `table`, from the bottom; its
** metatable is not asked. A field of the wrong type raises and names itself.
** Strings are Lua's own: the table must stay.
*/

/* A number of at least `least`; `absent` where there is none. */
double options_number(lua_State *L, int table, const char *field, double absent,
                      double least);

/* A string without NUL; NULL where there is none. */
const char *options_string(lua_State *L, int table, const char *field);

/* The same; raises where there is none. */
const char *options_required(lua_State *L, int table, const char *field);

/*
** A list of header lines: how many there are, `most` at most. The table in it
** must stay as well.
*/
unsigned options_lines(lua_State *L, int table, const char *field,
                       const char **lines, unsigned most);

bool options_boolean(lua_State *L, int table, const char *field);

#endif

#ifndef ESIM_CLOCK_H
#define ESIM_CLOCK_H

#include <stdbool.h>
#include <stddef.h>

/* The one monotonic clock: seconds since some moment before the process. */
double esim_clock(void);

/* Seconds since 1970, which somebody may set; for people, not for waits. */
double esim_wall(void);

/*
** Fill `bytes` with what the kernel's generator gives; false where it gives
** nothing. Never blocks once the machine has booted.
*/
bool esim_random(void *bytes, size_t size);

/* A chance in [0, 1), good enough to spread looks; any thread. */
double esim_chance(void);

/* A version 4 UUID (RFC 9562 section 5.4), NUL too; false: no randomness. */
bool esim_uuid(char text[37]);

#endif

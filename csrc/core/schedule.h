#ifndef ESIM_SCHEDULE_H
#define ESIM_SCHEDULE_H

#include <stdbool.h>

#include "experience.h"

/*
** When to look again at an order. Pure functions: ages (seconds since the
** order was accepted), what was seen, and a chance in [0, 1) are handed in.
*/

/* Small: each of a million looks has one. */
typedef struct esim_schedule {
  float price;    /* the rule: seconds of unseen waiting worth one look; 0: the
                     caller's own numbers instead */
  float first;    /* own: seconds before the first look */
  float factor;   /* own: what each interval is multiplied by */
  float cap;      /* own: the longest interval, in seconds */
  float jitter;   /* own: 0.1 spreads each interval by 10 % either way */
} esim_schedule;

#define ESIM_SCHEDULE_DEFAULT { 1, 1, 1.5F, 20, 0.1F }

/* The bounds of an interval between two looks of the rule, in seconds. */
#define ESIM_INTERVAL_MIN 0.2
#define ESIM_INTERVAL_MAX 120.0

/*
** The rule without experience: the age at which the expected unseen waiting
** since a look at age `last` reaches `price`, for a chance of completion of
** ESIM_PRIOR/(t + 1) a second at age t. Not jittered, not bounded.
*/
double esim_schedule_due(double price, double last);

/*
** The age of the next look, by `experience`, which may be NULL. `last` is the
** age of the last one (0: what the acceptance said), `looks` how many there
** were. `together`: other orders were submitted in the same moment, so the
** first look is spread wide.
*/
double esim_schedule_next(const esim_schedule *schedule,
                          const esim_experience *experience, double last,
                          unsigned looks, bool together, double chance);

/*
** Seconds before a try again after `failures` (1 or more) failed ones in a row:
** exponential backoff with full jitter, never before `retry_after` (seconds,
** negative: the provider named none).
*/
double esim_schedule_retry(unsigned failures, double retry_after,
                           double chance);

/*
** A look that is due after the deadline happens at the deadline itself.
*/
double esim_schedule_bound(double due, double deadline);

/*
** Retry-After (RFC 9110 section 10.2.3) in its first form, a number of seconds;
** negative when `text` is not that form.
*/
double esim_schedule_seconds(const char *text);

#endif

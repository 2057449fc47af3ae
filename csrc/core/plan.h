#ifndef ESIM_PLAN_H
#define ESIM_PLAN_H

#include <stdbool.h>

#include "queues.h"
#include "work.h"

/*
** When a poll looks again. Called for a new one and when Lua wants to go on
** (dispatch.c), after an answer (landing.c), and where there was no memory to
** start (departure.c). One that will not look again has an outcome.
*/

/*
** The next look of the schedule, but `no_sooner`. `together`: it is one of many
** that were submitted in the same moment.
*/
void esim_plan_look(esim_queues *queues, esim_work *work, bool together,
                    double no_sooner);

/* A try failed: try again. */
void esim_plan_retry(esim_queues *queues, esim_work *work, double now);

/*
** The answer was not final, and nothing went wrong. `retry_after`: seconds;
** negative: the provider named none.
*/
void esim_plan_next(esim_queues *queues, esim_work *work, double retry_after);

#endif

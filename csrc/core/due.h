#ifndef ESIM_DUE_H
#define ESIM_DUE_H

#include "queues.h"
#include "wire.h"
#include "work.h"

#define ESIM_GRACE 5.0     /* seconds for the look at the deadline */
#define ESIM_PATIENCE 60.0 /* seconds of being held for what has no deadline */

/*
** What time brings: work that is due goes into its account's queue, and what
** has stayed there for too long comes out of it. dispatch.c fires it; whoever
** has work that may go enters it here, and asks what is too late.
*/

/*
** When it is too late for `work` to leave its queue, or, a look, to be any but
** the last. An order that has waited,
** for the rate or after a 429, is not sent at the last moment: with no time for
** the answer a refusal would become an unknown outcome.
*/
double esim_due_latest(const esim_work *work);

/* Put `work` in its account's queue, until it is too late. */
void esim_due_enter(esim_queues *queues, esim_work *work, double now);

/* Fire what is due. */
void esim_due_fire(esim_queues *queues, esim_wire *wire, double now);

/* Seconds until something is; negative: never. */
double esim_due_until(const esim_queues *queues, double now);

#endif

#ifndef ESIM_DISPATCH_H
#define ESIM_DISPATCH_H

#include <stdbool.h>

#include "account.h"
#include "ledger.h"
#include "queues.h"
#include "wire.h"
#include "work.h"

/*
** The rules by which work goes out and comes back, as the driver calls them,
** one at a time and without a lock but the gate's around tokens. What is new,
** called off, or wanted again is here; what goes out is departure.c's, what
** came back landing.c's, when a poll looks again plan.c's, what time brings
** due.c's, and where each piece of work is meanwhile queues.c's. What has an
** outcome waits for esim_dispatch_done().
*/
typedef struct esim_dispatch {
  esim_wire *wire;
  unsigned birth;      /* of the engine: 1, 2, … */
  long connections;    /* of all accounts seen */
  esim_queues queues;
} esim_dispatch;

void esim_dispatch_open(esim_dispatch *dispatch, esim_wire *wire,
                        unsigned birth);

/* Take in new work. */
void esim_dispatch_admit(esim_dispatch *dispatch, esim_work *work, double now);

/*
** A poll's answer was not final: look again when its schedule says so. A look
** that met a 401, or was put off for a stale token, is made up at once.
*/
void esim_dispatch_again(esim_dispatch *dispatch, esim_work *work, double now);

/*
** Nobody waits for `work` any more: free it. An order that is on the wire is
** let finish first, for half an order is the one thing that nobody can undo.
*/
void esim_dispatch_drop(esim_dispatch *dispatch, esim_work *work);

/*
** The same, but its outcome is wanted: an order that is on the wire has the one
** that its answer gives, and is not sent again; all else is ESIM_CANCELLED.
*/
void esim_dispatch_abandon(esim_dispatch *dispatch, esim_work *work);

/*
** The account has a new token, or (`given_up`) will have none: what a 401 or
** the end of the token held back goes on, or is answered with 401.
*/
void esim_dispatch_token(esim_dispatch *dispatch, esim_account *account,
                         bool given_up);

/* Take what the wire has done, fire what is due, start what may start. */
void esim_dispatch_run(esim_dispatch *dispatch);

/*
** The next one that has an outcome, or NULL. It is still listed as the
** driver's: esim_dispatch_release() before it is handed on.
*/
esim_work *esim_dispatch_done(esim_dispatch *dispatch);
void esim_dispatch_release(esim_dispatch *dispatch, esim_work *work);

/* The next record of an exchange that is over, or NULL. */
esim_record *esim_dispatch_record(esim_dispatch *dispatch);

/* Whether there is an outcome or a record; whether there is anything. */
bool esim_dispatch_holds(const esim_dispatch *dispatch);
bool esim_dispatch_busy(const esim_dispatch *dispatch);

/* End everything: what is left has the outcome ESIM_CANCELLED. */
void esim_dispatch_close(esim_dispatch *dispatch);

/* Seconds until there is something to do without the wire; negative: never. */
double esim_dispatch_until(const esim_dispatch *dispatch, double now);

#endif

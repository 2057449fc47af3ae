#ifndef ESIM_QUEUES_H
#define ESIM_QUEUES_H

#include <stdbool.h>

#include "account.h"
#include "fault.h"
#include "heap.h"
#include "ledger.h"
#include "work.h"

/*
** Where the driver has each piece of work, and how it is moved: no rule is
** here. Used by those that have the rules: dispatch.c, due.c, plan.c,
** landing.c, departure.c. Nothing is allocated but a record.
*/
typedef struct esim_queues {
  esim_heap timers;    /* works: due, or too late */
  esim_heap wakes;     /* accounts: what holds them lets one go on */
  esim_account *dirty; /* accounts that may have something to start */
  esim_work *all;      /* that the driver has */
  esim_work *finished, **finished_end;
  esim_record *records, **records_end;  /* to be entered before that */
  double sequence;     /* of what is queued first come, first served */
} esim_queues;

void esim_queues_open(esim_queues *queues);

/*
** List `work` as the driver's: for the first time, again; no longer; no longer,
** and free it.
*/
void esim_queues_admit(esim_queues *queues, esim_work *work);
void esim_queues_list(esim_queues *queues, esim_work *work);
void esim_queues_release(esim_queues *queues, esim_work *work);
void esim_queues_discard(esim_queues *queues, esim_work *work);

/* Let `work` wait for its timer. */
void esim_queues_wait(esim_queues *queues, esim_work *work, double due);

/*
** Put `work` in its account's queue: a look at an order among these, all else
** in the order in which it was listed first. `late`: when its timer fires
** there; INFINITY: never.
*/
void esim_queues_enter(esim_queues *queues, esim_work *work, double late);

/* Out of its account's queue, if it is there, and without a timer. */
void esim_queues_leave(esim_queues *queues, esim_work *work);

/* Give `work` its outcome; take that back, for nobody is to have it. */
void esim_queues_finish(esim_queues *queues, esim_work *work, esim_fault fault);
void esim_queues_unfinish(esim_queues *queues, esim_work *work);

/* Where somebody wants to know: what became of the exchange of `work`. */
void esim_queues_record(esim_queues *queues, const esim_work *work,
                        esim_fault fault);

/* The account may have something to start: now; when it is `due`. */
void esim_queues_mark(esim_queues *queues, esim_account *account);
void esim_queues_wake(esim_queues *queues, esim_account *account, double due);

/* The first of such a queue; the first that has a timer; or NULL. */
esim_work *esim_queues_first(const esim_heap *queue);
esim_work *esim_queues_timed(const esim_queues *queues);

/*
** Take out the next, or NULL. The accounts' reference is the caller's then; a
** finished work is still listed: esim_queues_release() it to hand it on.
*/
esim_account *esim_queues_next_awake(esim_queues *queues, double now);
esim_account *esim_queues_next_dirty(esim_queues *queues);
esim_work *esim_queues_next_finished(esim_queues *queues);
esim_record *esim_queues_next_record(esim_queues *queues);

#endif

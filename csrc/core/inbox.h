#ifndef ESIM_INBOX_H
#define ESIM_INBOX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ledger.h"
#include "work.h"

/* How a host wakes a waiter of its own, on its own thread: by `count` times. */
typedef int esim_post(void *waiter, int count);

/*
** What one Lua state has in flight, by number, and what came back for it. The
** numbers belong to the state's thread; what came back is guarded by the gate.
*/
typedef struct esim_inbox {
  /* The state's thread alone. */
  struct esim_place {
    esim_work *work;      /* NULL: free */
    uint32_t generation;  /* of the number: an old one finds nothing */
    uint32_t next_free;
  } *places;
  uint32_t room, used, first_free;

  /* Guarded by the gate. */
  esim_work *first, **end;  /* delivered */
  esim_ledger *ledger;      /* NULL: no account of ours has records */
  int event;                /* readable while it holds something, or
                               is held so; -1: none */
  bool held;                /* what was taken is not seen to yet */
  esim_post *post;          /* wakes a work's waiter; NULL: nobody can */
  bool forked;              /* this is a child's copy of the parent's */
  struct esim_inbox *next, *previous;  /* of all inboxes of the process */
} esim_inbox;

/* Make it empty. Nothing is acquired. */
void esim_inbox_open(esim_inbox *inbox);

/* Free every work that has come back, and forget all numbers. */
void esim_inbox_clear(esim_inbox *inbox);

/* The same, and free what it holds. */
void esim_inbox_close(esim_inbox *inbox);

/* Give `work` a number; false: no memory. */
bool esim_inbox_enter(esim_inbox *inbox, esim_work *work);

/* The work of number `id`; NULL: it has ended. */
esim_work *esim_inbox_find(const esim_inbox *inbox, double id);

/* Take the number back; the work is the caller's. */
void esim_inbox_leave(esim_inbox *inbox, esim_work *work);

/* See that `work` has a ledger; false: no memory. */
bool esim_inbox_record(esim_inbox *inbox, esim_work *work);

/* The descriptor to wait for, made at the first call; -1: there is none. */
int esim_inbox_event(esim_inbox *inbox);

/* With the gate held: */
bool esim_inbox_holds(const esim_inbox *inbox);
void esim_inbox_enter_record(esim_record *record);
void esim_inbox_strike_record(esim_inbox *inbox);
void esim_inbox_close_ledger(esim_inbox *inbox);
void esim_inbox_hold(esim_inbox *inbox, bool held);
void esim_inbox_deliver(esim_inbox *inbox, esim_work *work);
void esim_inbox_withdraw(esim_inbox *inbox, esim_work *work);
void esim_inbox_fork(esim_inbox *inbox);

/*
** Wake the waiters of what was delivered, the first ones first, `most` of them;
** nobody is woken twice for it. How many were.
*/
unsigned esim_inbox_wake(esim_inbox *inbox, unsigned most);

#endif

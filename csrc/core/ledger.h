#ifndef ESIM_LEDGER_H
#define ESIM_LEDGER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "fault.h"
#include "wire.h"
#include "work.h"

#define ESIM_RECORDS_MAX 8192  /* that wait in an inbox */

struct esim_inbox;

/*
** What became of one exchange, for whoever wants to know of each. Nothing in it
** is a secret: no header, no body.
*/
typedef struct esim_record {
  double id, tag;              /* the work's */
  const char *method, *target; /* copied behind the struct */
  double at;                   /* when it ended: seconds since 1970 */
  esim_fault fault;
  long http;                   /* 0: none */
  double retry_after;          /* seconds; negative: none */
  esim_timing timing;
  unsigned attempt;            /* 1, 2, … of the same thing in a row */
  short again;                 /* what the try before it met: an HTTP status;
                                  negative: a fault; 0: nothing */
  unsigned long dropped;       /* of those before it, for want of room */
  struct esim_ledger *ledger;  /* of those that are not entered yet */
  struct esim_record *next;
} esim_record;

/*
** The records of an inbox, on their way to Lua. Held by references: works know
** their ledger longer than their inbox may live. All but the references is
** guarded by the gate.
*/
typedef struct esim_ledger {
  atomic_uint references;
  struct esim_inbox *inbox;    /* NULL: it was left, and nobody reads */
  esim_record *first, **end;
  unsigned count;
  unsigned long dropped;
} esim_ledger;

/* A ledger with one reference; NULL: no memory. */
esim_ledger *esim_ledger_open(struct esim_inbox *inbox);

void esim_ledger_retain(esim_ledger *ledger);
void esim_ledger_release(esim_ledger *ledger);

/*
** What became of the exchange of `work`, which has a ledger and a flight. NULL:
** no memory, and it was counted. Without the gate.
*/
esim_record *esim_record_open(const esim_work *work, esim_fault fault);

/* With the gate held: */

/* Enter `record`, which is the ledger's now, or count it. */
void esim_ledger_enter(esim_record *record);

/* Free the first. */
void esim_ledger_strike(esim_ledger *ledger);

/* Free all; they were the parent's, or nobody reads. */
void esim_ledger_clear(esim_ledger *ledger);

#endif

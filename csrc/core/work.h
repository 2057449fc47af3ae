#ifndef ESIM_WORK_H
#define ESIM_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account.h"
#include "answer.h"
#include "fault.h"
#include "heap.h"
#include "schedule.h"
#include "wire.h"

struct esim_inbox;
struct esim_ledger;

/* Header lines of its own: beside the account's and the token. */
#define ESIM_OWN_MAX (ESIM_LINES_MAX - ESIM_COMMON_MAX - 1)

#define ESIM_AGAIN_ROOM 8  /* of the word for why something is tried again */

typedef enum __attribute__((packed)) esim_kind {  /* one byte */
  ESIM_REQUEST,  /* one exchange, delivered whatever it was */
  ESIM_ORDER,    /* one POST, never sent twice unless it never left */
  ESIM_POLL,     /* the same GET again and again on a schedule */
  ESIM_SLEEP     /* nothing but time */
} esim_kind;

/* What is wanted; copied, so that nothing need outlive the submission. */
typedef struct esim_spec {
  esim_kind kind;
  esim_account *account;  /* NULL: a sleep */
  const char *method;
  const char *target;     /* appended to the account's URL */
  const char *lines[ESIM_OWN_MAX];  /* "Name: value", beside the account's */
  unsigned line_count;
  const char *body;       /* NULL: none */
  size_t body_size;
  double timeout;         /* seconds for one exchange; < 0: the account's */
  double deadline;        /* seconds from now; negative: none */
  double age;             /* poll: seconds since the order was accepted */
  double seen;            /* poll: the age of the last look; 0: none yet */
  esim_schedule schedule; /* poll */
  const char *kind_of;    /* poll: "NEW_ESIM <product>", of an order; "": it is
                             not known; NULL: no order, but a call */
  unsigned tag;           /* for the records */
  unsigned attempt;       /* how often it will have been tried; 0: 1 */
  const char *again;      /* what the try before met, cut to fit; NULL: none */
} esim_spec;

/* An exchange on the wire, and what it needs beside the work. */
typedef struct esim_flight {
  esim_exchange exchange;  /* first: the wire gives this back */
  struct esim_work *work;
  char *authorization;     /* wiped as soon as it is over */
  unsigned serial;         /* of the token that it carries */
  char url[];              /* the account's with the target */
} esim_flight;

/* Where the driver has it. */
typedef enum __attribute__((packed)) esim_stage {
  ESIM_WAITING,   /* for its timer */
  ESIM_READY,     /* in its account's queue */
  ESIM_FLYING,    /* on the wire */
  ESIM_LANDED     /* with the driver no more */
} esim_stage;

/*
** One piece of work. It belongs to the driver from the moment it is posted
** until it is delivered, and to its inbox otherwise. A million may wait, so it
** is kept small: narrow numbers where they do, those of a size side by side.
** Behind it are its lines, one after the other, then method, target and body.
*/
typedef struct esim_work {
  /* Never changed. */
  esim_account *account;
  struct esim_inbox *inbox;
  struct esim_ledger *ledger;  /* of its exchanges; NULL: nobody wants it */
  esim_lore *lore;         /* a look at an order: its kind's; else NULL */
  double id;               /* what Lua calls it */
  const char *method, *target, *body;
  size_t body_size;
  double deadline;         /* esim_clock(); INFINITY: none */
  double born;             /* a poll: its order was accepted; else: submitted */
  esim_schedule schedule;
  float timeout;           /* seconds for one exchange */
  unsigned tag;
  unsigned char line_count;
  esim_kind kind;
  bool bare;               /* it brings its own Authorization: not signed */

  /* The owner's. */
  esim_stage stage;
  unsigned looks;          /* that worked */
  esim_timer timer;        /* waiting: it is due; else: it is too late */
  esim_timer place;        /* in its account's queue */
  esim_flight *flight;     /* NULL: none since the last look was forgotten */
  double looked;           /* esim_clock() of the last look that worked */
  double learned;          /* until when its lore has heard of it */
  struct esim_work *before, *after;  /* of all that the driver has */
  struct esim_work *next_finished;
  uint64_t seen;           /* what the last answer is known again by; 0: none */
  char again[ESIM_AGAIN_ROOM];  /* what the try before it met; "": nothing */
  float early;             /* seconds that the next look may be early */
  unsigned failures;       /* in a row */
  unsigned attempt;        /* that is next, or on the wire */
  unsigned stale;          /* not sent: this token is to be replaced; or 0 */

  /* The outcome, where the flight does not tell it. */
  float retry_after;       /* seconds; negative: none */
  short http;              /* of the last failed try; 0: none */
  esim_fault fault;
  esim_fault last;         /* of the last failed try */

  bool final;              /* no look after this one: it is at the deadline */
  bool orphan;             /* an order on the wire that nobody waits for */

  /* Guarded by the gate. */
  bool away;               /* the engine has it */
  bool delivered;          /* it lies in its inbox */
  bool dropped;            /* nobody waits for it any more */
  bool abandoned;          /* nobody waits, but its outcome is wanted */
  bool posted;
  void *waiter;            /* to be woken at the delivery; NULL: none */
  struct esim_work *next;  /* of those posted or delivered */
} esim_work;

/*
** A copy of `spec` at time `now`; NULL: *fault is ESIM_MEMORY, ESIM_URL (the
** target) or ESIM_HEADER. The account is retained.
*/
esim_work *esim_work_open(const esim_spec *spec, double now,
                          esim_fault *fault);

/* Free it and what it holds, all of it wiped. It must not be on the wire. */
void esim_work_close(esim_work *work);

/*
** Make its next exchange, limited to `timeout` seconds, signed with the
** account's token unless it brings its own. False: no memory.
*/
bool esim_work_board(esim_work *work, double timeout);

/* The exchange is over: wipe and free what only the wire needed. */
void esim_work_alight(esim_work *work);

/*
** Have its lore learn of its last look: the order was open, or `done`. Of a
** call nothing is learned.
*/
void esim_work_learn(esim_work *work, bool done);

/* Forget the last exchange and its answer. */
void esim_work_forget(esim_work *work);

/*
** Forget it too, but remember what it said, so that the same answer is known
** again.
*/
void esim_work_remember(esim_work *work);

/* Whether the last exchange brought what is remembered. */
bool esim_work_unchanged(const esim_work *work);

#endif

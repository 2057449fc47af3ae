#ifndef ESIM_WORK_H
#define ESIM_WORK_H

#include <limits.h>
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

/* Header lines of its own: beside the account's, correlation id and token. */
#define ESIM_OWN_MAX (ESIM_LINES_MAX - ESIM_COMMON_MAX - 2)

#define ESIM_REQUEST_MAX (16u << 20)  /* bytes of all that a work copies */

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
  const char *target;     /* appended to the account's URL; or NULL, and */
  const char *order_id;   /* appended to the account's path of orders */
  const char *correlation_id;  /* NULL, "": none */
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
  short again;            /* the HTTP status that the try before met; 0: none */
} esim_spec;

/* An exchange on the wire, and what it needs beside the work. */
typedef struct esim_flight {
  esim_exchange exchange;  /* first: the wire gives this back */
  struct esim_work *work;
  char *authorization;     /* wiped as soon as it is over */
  unsigned serial;         /* of the token that it carries */
  const char *target;      /* within the URL */
  size_t size;
  char texts[];            /* URL, and line of the correlation id */
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
** is kept small: narrow numbers where they do, those of a size side by side,
** and of URL and lines what is its own alone. Behind it are, one after the
** other, its target or order's id, correlation id ("": none), lines, method,
** and body.
*/
typedef struct esim_work {
  /* Never changed. */
  esim_account *account;
  struct esim_inbox *inbox;
  struct esim_ledger *ledger;  /* of its exchanges; NULL: nobody wants it */
  esim_lore *lore;         /* a look at an order: its kind's; else NULL */
  double id;               /* what Lua calls it */
  double deadline;         /* esim_clock(); INFINITY: none */
  double born;             /* a poll: its order was accepted; else: submitted */
  esim_schedule schedule;
  float timeout;           /* seconds for one exchange */
  unsigned tag;
  unsigned behind;         /* bytes; 0: a sleep */
  unsigned char line_count;
  esim_kind kind;
  bool by_id : 1;          /* it has an order's id in its target's place */
  bool has_body : 1;
  bool bare : 1;           /* it brings its own Authorization: not signed */

  /* The owner's. What is its outcome: where the flight does not tell it. */
  esim_stage stage;
  bool final;              /* no look after this one: it is at the deadline */
  bool orphan;             /* an order on the wire that nobody waits for */
  bool told;               /* not sent: who asked is to replace the token */
  unsigned char early;     /* milliseconds that the next look may be early */
  esim_fault fault;        /* its outcome */
  unsigned stale;          /* `told`: that token; 0: the first is to come */
  float retry_after;       /* its outcome: seconds; negative: none */
  union {
    esim_timer timer;      /* waiting: it is due; else: it is too late */
    struct esim_work *next_finished;  /* it has an outcome, and no timer */
  };
  esim_timer place;        /* in its account's queue */
  esim_flight *flight;     /* NULL: none since the last look was forgotten */
  double looked;           /* esim_clock() of the last look that worked */
  double learned;          /* until when its lore has heard of it */
  struct esim_work *before, *after;  /* of all that the driver has */
  uint64_t seen;           /* what the last answer is known again by; 0: none */
  /* Three counts; the greatest number stands for all beyond. */
  unsigned short looks;    /* that worked */
  unsigned short failures; /* in a row */
  unsigned short attempt;  /* that is next, or on the wire */
  short again;             /* what the try before it met: an HTTP status;
                              negative: a fault; 0: nothing */
  short http;              /* its outcome: of the last failed try; 0: none */
  esim_fault last;         /* its outcome: of the last failed try */

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
** target, or an order's id for an account without orders), ESIM_HEADER (a line,
** or a correlation id for an account without them), or ESIM_OVERSIZE. The
** account is retained.
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

/* Count one more, as far as it goes. */
static inline unsigned short esim_one_more(unsigned short count) {
  return count < USHRT_MAX ? count + 1 : count;
}

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

#ifndef ESIM_ENGINE_H
#define ESIM_ENGINE_H

#include <stdbool.h>
#include <stddef.h>

#include "account.h"
#include "fault.h"
#include "inbox.h"
#include "work.h"

/*
** The one engine of the process: whoever drives it moves all work on. That is
** its own thread wherever a host waits for an inbox's descriptor, or where
** there are several inboxes; in a plain script it is the caller himself, as
** long as he waits in esim_engine_wait(), which saves the hand-over. It is born
** with the first submission and stopped when the process exits; a child of
** fork() has none of its parent's.
*/

/* What esim_engine_peek() found. */
typedef struct esim_result {
  double id;
  bool last;                 /* nothing more comes for this number */
  esim_fault fault;
  long http;                 /* 0: none */
  const char *body;          /* `size` bytes, the work's own */
  size_t size;
  const char *type, *detail; /* "": none */
  const char *next_page, *previous_page;
  double retry_after;        /* seconds; negative: none */
  bool stale;                /* not sent: the token is to be replaced */
  unsigned serial;           /* of the token that it is about; 0: none */
  bool sent;                 /* a byte of the request was written */
  esim_fault failure;        /* at the deadline: what the last look met */
} esim_result;

typedef enum esim_found {
  ESIM_NOTHING, ESIM_SOMETHING, ESIM_FORK
} esim_found;

/* Count `inbox` among the process's, and end that: what it had is cancelled. */
void esim_engine_join(esim_inbox *inbox);
void esim_engine_leave(esim_inbox *inbox);

/* Submit a copy of `spec`; *id is its number. */
esim_fault esim_engine_submit(esim_inbox *inbox, const esim_spec *spec,
                              double *id);

/* A poll's answer was not final: look again. False: there is no such poll. */
bool esim_engine_again(esim_inbox *inbox, double id);

/*
** Nobody waits for `id` any more; nothing more comes for it. `settled`: the
** last answer of this poll said that its order is completed, or has failed.
*/
void esim_engine_cancel(esim_inbox *inbox, double id, bool settled);

/* Seconds until its deadline; 0: it is over, or there is no such number. */
double esim_engine_left(const esim_inbox *inbox, double id);

/*
** Nobody waits for `id` any more, but its outcome is wanted: an order on the
** wire finishes and is delivered, all else is delivered as ESIM_CANCELLED.
*/
void esim_engine_abandon(esim_inbox *inbox, double id);

/*
** What came back first. It stays until esim_engine_pop(), so that nothing is
** lost when the caller cannot take it. ESIM_FORK, once: this is a child of the
** process that submitted, and all numbers have ended without an outcome here.
*/
esim_found esim_engine_peek(esim_inbox *inbox, esim_result *result);

/* Take that out. Whether the inbox holds more. `held`: see the next one. */
bool esim_engine_pop(esim_inbox *inbox, bool held);

/*
** Somebody is to look again, whatever the inbox holds: its descriptor is
** readable until the next esim_engine_peek(), or until it is not held any more.
*/
void esim_engine_hold(esim_inbox *inbox, bool held);

/*
** The first record of an exchange, of accounts that have records; NULL: there
** is none. It comes before what the exchange brought, and stays, its number of
** dropped ones too, until esim_engine_strike().
*/
const esim_record *esim_engine_record(esim_inbox *inbox);
void esim_engine_strike(esim_inbox *inbox);

/*
** Wait `seconds` at most (negative: for ever) until the inbox holds something.
** False: it does not, because the time is over, a signal came, or there is no
** descriptor left to wait for: then it returns early.
*/
bool esim_engine_wait(esim_inbox *inbox, double seconds);

/* The descriptor that is readable while the inbox holds something; -1: none. */
int esim_engine_event(esim_inbox *inbox);

/*
** A host that wakes its own: `post` wakes a waiter of this inbox, on the thread
** of the inbox's state. The engine's thread drives from now on. NULL: the host
** looks into the inbox now and then.
*/
void esim_engine_host(esim_inbox *inbox, esim_post *post);

/*
** `waiter`, which must live until `id` has ended, was taken, or has another, is
** to be woken when it is delivered. False: it is delivered already, or ended.
*/
bool esim_engine_watch(esim_inbox *inbox, double id, void *waiter);

/* The descriptor that is readable when waiters are to be woken; -1: none. */
int esim_engine_bell(void);

/* It is: wake them. Only on the thread of all inboxes that have waiters. */
void esim_engine_wake(void);

/* Nobody listens to the bell. */
void esim_engine_mute(void);

/* The account has a new token, or (`given_up`) will have none. */
void esim_engine_token(esim_account *account, bool given_up);

#endif

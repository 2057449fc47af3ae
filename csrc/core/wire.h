#ifndef ESIM_WIRE_H
#define ESIM_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "answer.h"
#include "fault.h"
#include "poller.h"

/*
** Exchanges over libcurl's multi interface and epoll: requests out, answers in.
** It knows nothing of orders, schedules or Lua. One thread at a time may use a
** wire; what esim_poller allows to others is done through esim_wire_poller().
*/
typedef struct esim_wire esim_wire;

#define ESIM_LINES_MAX 16            /* header lines of a request */

/* Whom to trust and who we are; NULL: the system's store, nobody. */
typedef struct esim_trust {
  const char *ca_file;
  const char *client_cert;
  const char *client_key;
} esim_trust;

#define ESIM_LANES 64  /* see wire.c */

/* Where exchanges go: what those of one account have in common. */
typedef struct esim_site {
  unsigned long serial;  /* no two of this process are the same */
  esim_trust trust;
  size_t origin;         /* bytes of "https://host:port"; 0: not told apart */
  bool loopback;         /* the host is this machine: no proxy */
  unsigned flying[ESIM_LANES];  /* the wire's: its exchanges in each lane */
} esim_site;

/*
** How an exchange went. Seconds since it was begun until something had been
** done, in this order; negative: it was not done, for a connection was kept, or
** it failed before.
*/
typedef struct esim_timing {
  double dns;         /* the host's address was known */
  double connect;     /* there was a connection */
  double tls;         /* it was encrypted */
  double first_byte;  /* the answer began */
  double total;       /* it was over */
  double bytes_sent, bytes_received;  /* headers and bodies, without TLS */
  bool sent;          /* a byte of the request was written */
  unsigned resent;    /* times that libcurl sent it again by itself: a kept
                         connection had died under it */
} esim_timing;

typedef struct esim_exchange {
  /* Asked; what is pointed to must live until it is finished or dropped. */
  const char *method;
  const char *url;
  const char *lines[ESIM_LINES_MAX];  /* "Name: value" */
  unsigned line_count;
  const char *body;                   /* NULL: none */
  size_t body_size;
  esim_site *site;                    /* where its URL is */
  double timeout;                     /* seconds, for the whole exchange */
  bool once;     /* an order: never send again what was partly written */
  bool timed;    /* `timing` is wanted */
  /* Answered. */
  esim_answer answer;
  esim_timing timing;                 /* also of one that was dropped */
  /* The wire's own. */
  double begun;                       /* esim_clock() */
  struct esim_slot *slot;             /* NULL: not on the wire */
  struct esim_exchange *next;
} esim_exchange;

/*
** Before the first wire, and before a function for the exit is registered: what
** the wire is built on is not to be cleaned up under it.
*/
void esim_wire_prepare(void);

/* A wire; NULL with *fault set when there is no memory or no descriptor. */
esim_wire *esim_wire_open(esim_fault *fault);

/* End everything without an answer and free the wire. */
void esim_wire_close(esim_wire *wire);

/* Keep up to `connections` idle connections open. */
void esim_wire_keep(esim_wire *wire, long connections);

/* Before the first exchange of `site`, which another wire may have served. */
void esim_wire_adopt(esim_site *site);

/*
** Put `exchange` on the wire. It is out of the caller's hands until
** esim_wire_done() gives it back, even when it fails at once.
*/
void esim_wire_start(esim_wire *wire, esim_exchange *exchange);

/* It has had its time: end it as ESIM_LATE, if it is not finished. */
void esim_wire_expire(esim_wire *wire, esim_exchange *exchange);

/* Take an unfinished exchange off the wire; it has no answer. */
void esim_wire_drop(esim_wire *wire, esim_exchange *exchange);

/*
** Do what there is to do, waiting `seconds` at most (negative: for ever) until
** there is something. False: a signal came.
*/
bool esim_wire_step(esim_wire *wire, double seconds);

/* The next finished exchange, or NULL. */
esim_exchange *esim_wire_done(esim_wire *wire);

/* What it waits with: rung to end a step's wait, and held around a fork. */
esim_poller *esim_wire_poller(const esim_wire *wire);

#endif

#include "departure.h"

#include <math.h>
#include <stdbool.h>

#include "due.h"
#include "plan.h"

#define ORDERS_RUN 8    /* orders that may go while a look is due */
#define LENIENCE 0.5    /* seconds that libcurl may take over a time-out */

static double limit(const esim_work *w, double now) {
  double left = fmax(w->deadline - now, 0);
  return fmin(w->timeout, w->kind == ESIM_POLL ? left + ESIM_GRACE : left);
}

static void start(esim_queues *q, esim_wire *wire, esim_work *w, double now) {
  esim_account *a = w->account;
  esim_queues_leave(q, w);
  if (w->kind != ESIM_POLL && esim_due_latest(w) <= now) {
    esim_queues_finish(q, w, ESIM_DEADLINE);
    return;
  }
  esim_hold_spend(&a->hold, a->rate, now);
  double most = limit(w, now);
  if (!esim_work_board(w, most)) {
    w->last = ESIM_MEMORY;
    if (w->kind == ESIM_POLL)
      esim_plan_retry(q, w, now);
    else
      esim_queues_finish(q, w, ESIM_MEMORY);
    return;
  }
  w->stage = ESIM_FLYING;
  esim_heap_set(&q->timers, &w->timer, now + most + LENIENCE);
  a->in_flight++;
  esim_wire_start(wire, &w->flight->exchange);
}

/*
** Orders go before looks, for somebody waits for their acceptance, but not all
** the time. What brings its own credentials goes first: it may be asking for
** the token.
*/
static esim_work *choose(esim_account *a, double now) {
  if (a->bare.root != NULL)
    return esim_queues_first(&a->bare);
  bool look = a->orders.root == NULL ||
              (a->orders_run >= ORDERS_RUN && esim_turns_any(&a->looks));
  if (look) {
    a->orders_run = 0;
    return esim_turns_first(&a->looks, now);
  }
  a->orders_run += esim_turns_any(&a->looks);
  return esim_queues_first(&a->orders);
}

static bool has_signed(const esim_account *a) {
  return a->orders.root != NULL || esim_turns_any(&a->looks);
}

/* When the next one may go; INFINITY: there is none, or nothing lets it. */
static double may_start(const esim_account *a, double now) {
  if (a->bare.root != NULL)
    return esim_hold_bare(&a->hold);
  if (has_signed(a))
    return esim_hold_signed(&a->hold, now);
  return INFINITY;
}

/* What is due and would be signed, a look rather than an order; or NULL. */
static esim_work *first_signed(esim_account *a, double now) {
  return esim_turns_any(&a->looks) ? esim_turns_first(&a->looks, now)
                                   : esim_queues_first(&a->orders);
}

/* It goes back to Lua instead of out: Lua knows of new tokens. */
static void tell_stale(esim_queues *q, esim_account *a, double now) {
  if (!has_signed(a) || esim_hold_tell(&a->hold) > now)
    return;
  esim_account_hear(a);  /* it may be replaced, and we be told only later */
  if (esim_hold_tell(&a->hold) > now)
    return;
  esim_hold_told(&a->hold, now);
  esim_work *w = first_signed(a, now);
  esim_queues_leave(q, w);
  w->told = true;
  w->stale = a->hold.life.serial;
  esim_queues_finish(q, w, ESIM_OK);
}

static void serve(esim_queues *q, esim_wire *wire, esim_account *a,
                  double now) {
  tell_stale(q, a, now);
  while (a->in_flight < a->connections && may_start(a, now) <= now)
    start(q, wire, choose(a, now), now);
  double due = a->in_flight < a->connections ? may_start(a, now) : INFINITY;
  if (has_signed(a) && esim_hold_ended(&a->hold, now))
    due = fmin(due, esim_hold_tell(&a->hold));
  esim_queues_wake(q, a, due);
}

void esim_departure_serve(esim_queues *q, esim_wire *wire, double now) {
  esim_account *a;
  while ((a = esim_queues_next_dirty(q)) != NULL) {
    serve(q, wire, a, now);
    esim_account_release(a);
  }
}

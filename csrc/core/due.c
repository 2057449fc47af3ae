#include "due.h"

#include <math.h>
#include <stdbool.h>

#define ROOM 2.0        /* seconds of its deadline that an order is sent with */
#define SLACK 0.002     /* seconds that a look may be late which cannot go */

double esim_due_latest(const esim_work *w) {
  switch (w->kind) {
    case ESIM_POLL:
      if (w->lore != NULL && !w->final)
        return w->deadline;
      return w->account->hold.paused_until <= w->deadline
                 ? w->deadline + ESIM_GRACE
                 : w->deadline;
    case ESIM_ORDER:
      return w->deadline - fmin(fmin(ROOM, w->timeout),
                                (w->deadline - w->born) / 2);
    default:
      return w->deadline;
  }
}

/* What names no deadline asks from time to time whether it is held for long. */
static double next_doubt(const esim_work *w, double now) {
  double paused_until = w->account->hold.paused_until;
  return paused_until > now + ESIM_PATIENCE ? now : now + ESIM_PATIENCE;
}

void esim_due_enter(esim_queues *q, esim_work *w, double now) {
  double late = INFINITY;
  if (isfinite(w->deadline))
    late = esim_due_latest(w);
  else if (w->kind != ESIM_POLL)
    late = next_doubt(w, now);
  esim_queues_enter(q, w, late);
}

static bool ended(const esim_work *w, double now) {
  return !w->bare && esim_hold_ended(&w->account->hold, now);
}

/* A look whose turn has not come by its deadline may come a little later. */
static bool is_too_late(const esim_work *w) {
  return w->lore == NULL || w->final ||
         w->account->hold.paused_until > w->deadline;
}

static void expire(esim_queues *q, esim_work *w, double now) {
  const esim_account *a = w->account;
  double latest = esim_due_latest(w);
  if (isinf(latest))
    latest = a->hold.paused_until > now || ended(w, now) ? now
                                                         : next_doubt(w, now);
  if (latest > now) {
    esim_heap_set(&q->timers, &w->timer, latest);
    return;
  }
  esim_queues_leave(q, w);
  if (!is_too_late(w)) {
    w->final = true;
    esim_due_enter(q, w, now);
    return;
  }
  if (w->http == 0 && a->hold.paused_until > now) {
    w->http = 429;
    w->retry_after = a->hold.paused_until - now;
  } else if (w->http == 0 && ended(w, now)) {
    w->http = 401;
  }
  esim_queues_finish(q, w, ESIM_DEADLINE);
}

static void fire(esim_queues *q, esim_wire *wire, esim_work *w, double now) {
  esim_heap_clear(&q->timers, &w->timer);
  if (w->kind == ESIM_SLEEP)
    esim_queues_finish(q, w, ESIM_OK);
  else if (w->stage == ESIM_READY)
    expire(q, w, now);
  else if (w->stage == ESIM_FLYING)  /* libcurl can miss its own timer */
    esim_wire_expire(wire, &w->flight->exchange);
  else
    esim_due_enter(q, w, now);
}

/*
** Looks that are nearly due go with those that are: the machine is woken once
** for many. Never before what the provider asked for, nor before the deadline.
*/
void esim_due_fire(esim_queues *q, esim_wire *wire, double now) {
  esim_account *a;
  while ((a = esim_queues_next_awake(q, now)) != NULL) {
    esim_queues_mark(q, a);
    esim_account_release(a);
  }
  esim_work *w;
  while ((w = esim_queues_timed(q)) != NULL &&
         w->timer.due <= now + (w->stage == ESIM_WAITING ? w->early / 1e3 : 0))
    fire(q, wire, w, now);
}

/* While all connections are taken, an answer wakes us before it can go. */
static bool cannot_go(const esim_work *w) {
  return w->kind == ESIM_POLL && w->stage == ESIM_WAITING &&
         w->account->in_flight >= w->account->connections;
}

double esim_due_until(const esim_queues *q, double now) {
  double due = INFINITY;
  const esim_work *w = esim_queues_timed(q);
  if (w != NULL)
    due = w->timer.due + (cannot_go(w) ? SLACK : 0);
  if (q->wakes.root != NULL)
    due = fmin(due, q->wakes.root->due);
  return isfinite(due) ? fmax(due - now, 0) : -1;
}

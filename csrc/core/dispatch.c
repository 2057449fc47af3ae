#include "dispatch.h"

#include <math.h>

#include "clock.h"
#include "departure.h"
#include "due.h"
#include "landing.h"
#include "plan.h"

#define TOGETHER 1.0    /* seconds between submissions in one burst */

void esim_dispatch_open(esim_dispatch *d, esim_wire *wire, unsigned birth) {
  *d = (esim_dispatch){ .wire = wire, .birth = birth };
  esim_queues_open(&d->queues);
}

/* What comes in. */

/*
** An account that another engine drove, before a fork, comes with that one's
** queues: they are not ours.
*/
static void know(esim_dispatch *d, esim_account *a) {
  if (a->known == d->birth)
    return;
  a->known = d->birth;
  a->orders.root = a->bare.root = NULL;
  esim_turns_open(&a->looks, d->birth);
  a->wake = (esim_timer){ 0 };
  a->in_flight = 0;
  a->dirty = false;
  a->hold.told_until = a->hold.refused_until = 0;
  esim_account_hear(a);
  esim_wire_adopt(&a->site);
  d->connections += a->connections;
  esim_wire_keep(d->wire, d->connections);
}

void esim_dispatch_admit(esim_dispatch *d, esim_work *w, double now) {
  esim_queues *q = &d->queues;
  esim_queues_admit(q, w);
  if (w->kind == ESIM_SLEEP) {
    esim_queues_wait(q, w, w->deadline);
    return;
  }
  know(d, w->account);
  if (w->kind == ESIM_POLL) {
    bool together = now - w->account->submitted < TOGETHER;
    if (w->lore != NULL)
      w->account->submitted = now;
    esim_plan_look(q, w, together, now);
  } else {
    esim_due_enter(q, w, now);
  }
}

void esim_dispatch_again(esim_dispatch *d, esim_work *w, double now) {
  esim_queues *q = &d->queues;
  esim_queues_list(q, w);
  if (w->told) {
    w->told = false;
    esim_due_enter(q, w, now);
  } else if (w->http == 401) {  /* it was not about the order */
    w->http = 0;
    esim_due_enter(q, w, now);
  } else {
    esim_plan_next(q, w, w->retry_after);
  }
}

/* What is called off. */

/* Take it off the wire, also where it is just back and did not land yet. */
static void call_back(esim_dispatch *d, esim_work *w) {
  esim_exchange *x = &w->flight->exchange;
  bool back = x->slot == NULL;
  esim_wire_drop(d->wire, x);
  esim_queues_record(&d->queues, w, back ? x->answer.fault : ESIM_CANCELLED);
}

/* It may have got an outcome in this very lap, which nobody is to take. */
static void ground(esim_dispatch *d, esim_work *w) {
  if (w->stage == ESIM_FLYING) {
    call_back(d, w);
    w->account->in_flight--;
    esim_queues_mark(&d->queues, w->account);
  }
  if (w->stage == ESIM_LANDED)
    esim_queues_unfinish(&d->queues, w);
  esim_queues_leave(&d->queues, w);
}

void esim_dispatch_drop(esim_dispatch *d, esim_work *w) {
  if (w->stage == ESIM_FLYING && w->kind == ESIM_ORDER) {
    w->orphan = true;
    return;
  }
  ground(d, w);
  esim_queues_discard(&d->queues, w);
}

/* One that had landed, and was not delivered yet, keeps what it brought. */
void esim_dispatch_abandon(esim_dispatch *d, esim_work *w) {
  esim_queues *q = &d->queues;
  if (w->kind == ESIM_ORDER && w->stage == ESIM_FLYING) {
    w->deadline = 0;
  } else if (w->kind == ESIM_ORDER && w->stage == ESIM_LANDED) {
    esim_queues_unfinish(q, w);
    esim_queues_finish(q, w, w->fault);
  } else {
    ground(d, w);
    esim_work_forget(w);
    esim_queues_finish(q, w, ESIM_CANCELLED);
  }
}

/* Tokens. */

static void refuse(esim_queues *q, esim_work *w) {
  esim_queues_leave(q, w);
  w->http = 401;
  esim_queues_finish(q, w, ESIM_OK);
}

static void refuse_all(esim_queues *q, esim_account *a, double now) {
  esim_work *w;
  while ((w = esim_queues_first(&a->orders)) != NULL)
    refuse(q, w);
  while ((w = esim_turns_first(&a->looks, now)) != NULL)
    refuse(q, w);
}

void esim_dispatch_token(esim_dispatch *d, esim_account *a, bool given_up) {
  know(d, a);
  esim_account_hear(a);
  double now = esim_clock();
  if (given_up && esim_hold_waits(&a->hold, now))
    refuse_all(&d->queues, a, now);
  esim_hold_give_up(&a->hold);
  esim_queues_mark(&d->queues, a);
}

/* A run, and what it leaves. */

void esim_dispatch_run(esim_dispatch *d) {
  esim_exchange *x;
  double now = esim_clock();
  while ((x = esim_wire_done(d->wire)) != NULL)
    esim_landing_land(&d->queues, ((esim_flight *)(void *)x)->work, now);
  esim_due_fire(&d->queues, d->wire, now);
  esim_departure_serve(&d->queues, d->wire, now);
}

esim_work *esim_dispatch_done(esim_dispatch *d) {
  return esim_queues_next_finished(&d->queues);
}

void esim_dispatch_release(esim_dispatch *d, esim_work *w) {
  esim_queues_release(&d->queues, w);
}

esim_record *esim_dispatch_record(esim_dispatch *d) {
  return esim_queues_next_record(&d->queues);
}

bool esim_dispatch_holds(const esim_dispatch *d) {
  return d->queues.finished != NULL || d->queues.records != NULL;
}

bool esim_dispatch_busy(const esim_dispatch *d) {
  return d->queues.all != NULL;
}

double esim_dispatch_until(const esim_dispatch *d, double now) {
  return esim_due_until(&d->queues, now);
}

/* The end. */

/* Orders on the wire count as sent: nobody will ever hear. */
static void end(esim_dispatch *d, esim_work *w) {
  if (w->stage == ESIM_FLYING) {
    call_back(d, w);
    esim_work_alight(w);
    w->flight->exchange.answer.sent = true;
  }
  esim_queues_leave(&d->queues, w);
  if (w->orphan)
    esim_queues_discard(&d->queues, w);
  else if (w->stage != ESIM_LANDED)
    esim_queues_finish(&d->queues, w, ESIM_CANCELLED);
}

void esim_dispatch_close(esim_dispatch *d) {
  for (esim_work *w = d->queues.all, *after; w != NULL; w = after) {
    after = w->after;
    end(d, w);
  }
  esim_account *a;
  while ((a = esim_queues_next_awake(&d->queues, INFINITY)) != NULL)
    esim_account_release(a);
  while ((a = esim_queues_next_dirty(&d->queues)) != NULL)
    esim_account_release(a);
}

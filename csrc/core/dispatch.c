#include "dispatch.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define GRACE 5.0       /* seconds for the look at the deadline to come back */
#define PATIENCE 60.0   /* seconds of being held for what has no deadline */
#define ROOM 2.0        /* seconds of its deadline that an order is sent with */
#define LENIENCE 0.5    /* seconds that libcurl may take over a time-out */
#define EARLY 0.05      /* of its interval: how early a look may come */
#define EARLY_MAX 0.1   /* seconds of that */
#define TOGETHER 1.0    /* seconds between submissions in one burst */

#define CONTAINER(pointer, type, member) \
  ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

/* Outcomes. */

static void finish(esim_dispatch *d, esim_work *w, esim_fault fault) {
  w->stage = ESIM_LANDED;
  w->fault = fault;
  w->next_finished = NULL;
  *d->finished_end = w;
  d->finished_end = &w->next_finished;
}

void esim_dispatch_release(esim_dispatch *d, esim_work *w) {
  if (w->before == NULL && d->all != w)
    return;  /* dropped before it was admitted */
  if (w->before != NULL)
    w->before->after = w->after;
  else
    d->all = w->after;
  if (w->after != NULL)
    w->after->before = w->before;
  w->before = w->after = NULL;
}

static void discard(esim_dispatch *d, esim_work *w) {
  esim_dispatch_release(d, w);
  esim_work_close(w);
}

static void mark(esim_dispatch *d, esim_account *a) {
  if (a->dirty)
    return;
  esim_account_retain(a);
  a->dirty = true;
  a->next_dirty = d->dirty;
  d->dirty = a;
}

static void wait_until(esim_dispatch *d, esim_work *w, double due) {
  w->stage = ESIM_WAITING;
  esim_heap_set(&d->timers, &w->timer, due);
}

static esim_heap *queue_of(esim_work *w) {
  if (w->bare)
    return &w->account->bare;
  return w->kind == ESIM_POLL ? &w->account->looks : &w->account->orders;
}

/*
** When it is too late for `w` to leave its queue. An order that has waited, for
** the rate or after a 429, is not sent at the last moment: with no time for the
** answer a refusal would become an unknown outcome.
*/
static double latest_start(const esim_work *w) {
  switch (w->kind) {
    case ESIM_POLL:
      return w->account->hold.paused_until <= w->deadline ? w->deadline + GRACE
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
  return paused_until > now + PATIENCE ? now : now + PATIENCE;
}

static bool ended(const esim_work *w, double now) {
  return !w->bare && esim_hold_ended(&w->account->hold, now);
}

static void make_ready(esim_dispatch *d, esim_work *w, double place) {
  w->stage = ESIM_READY;
  esim_heap_set(queue_of(w), &w->place, place);
  if (isfinite(w->deadline))
    esim_heap_set(&d->timers, &w->timer, latest_start(w));
  else if (w->kind != ESIM_POLL)
    esim_heap_set(&d->timers, &w->timer, next_doubt(w, esim_clock()));
  mark(d, w->account);
}

static void leave_queue(esim_dispatch *d, esim_work *w) {
  esim_heap_clear(&d->timers, &w->timer);
  if (w->account != NULL)
    esim_heap_clear(queue_of(w), &w->place);
}

/* The schedule of looks. */

static void plan_look(esim_dispatch *d, esim_work *w, bool together,
                      double no_sooner) {
  double due = w->born + esim_schedule_next(&w->schedule, w->looked - w->born,
                                            w->looks, together, esim_chance());
  due = esim_schedule_bound(fmax(due, no_sooner), w->deadline);
  w->final = due >= w->deadline;
  double early = fmin(EARLY * (due - w->looked), EARLY_MAX);
  w->early = w->final ? 0 : fmin(early, due - no_sooner);
  wait_until(d, w, due);
}

static void plan_retry(esim_dispatch *d, esim_work *w, double now) {
  double pause = esim_schedule_retry(++w->failures, w->retry_after,
                                     esim_chance());
  if (w->final) {
    finish(d, w, ESIM_DEADLINE);
    return;
  }
  double due = esim_schedule_bound(now + pause, w->deadline);
  w->final = due >= w->deadline;
  w->early = 0;
  wait_until(d, w, due);
}

/* A poll's answer was not final, and nothing went wrong. */
static void plan_next(esim_dispatch *d, esim_work *w, double retry_after) {
  w->looks++;
  w->failures = 0;
  w->http = 0;
  w->last = ESIM_OK;
  w->retry_after = -1;
  if (w->final)
    finish(d, w, ESIM_DEADLINE);
  else
    plan_look(d, w, false,
              retry_after < 0 ? -INFINITY : w->looked + retry_after);
}

/* What came back. */

static bool is_passing(long http) {
  return http == 408 || http == 425 || http == 429 || (http >= 500);
}

/* Keep of a failed try what the deadline's error will tell. */
static void note_failure(esim_work *w) {
  const esim_answer *a = &w->flight->exchange.answer;
  w->last = a->fault;
  w->http = a->fault == ESIM_OK ? a->http : 0;
  w->retry_after = a->retry_after;
}

static void look_landed(esim_dispatch *d, esim_work *w, double now) {
  const esim_answer *a = &w->flight->exchange.answer;
  bool whole = a->fault == ESIM_OK;
  if (a->fault == ESIM_LARGE) {
    finish(d, w, ESIM_LARGE);
  } else if (!whole || is_passing(a->http)) {
    note_failure(w);
    esim_work_forget(w);
    plan_retry(d, w, now);
  } else {
    if (a->http != 401)
      w->looked = now;
    if (a->http / 100 == 2 && esim_work_unchanged(w)) {
      double retry_after = a->retry_after;
      esim_work_forget(w);
      plan_next(d, w, retry_after);
    } else {
      finish(d, w, ESIM_OK);
    }
  }
}

/*
** A 429 refused the order: sending it again cannot order twice. Nothing else
** is sent again from here.
*/
static void order_landed(esim_dispatch *d, esim_work *w, double now) {
  const esim_answer *a = &w->flight->exchange.answer;
  if (a->fault != ESIM_OK || a->http != 429) {
    finish(d, w, a->fault);
    return;
  }
  note_failure(w);
  if (!isfinite(w->deadline))
    w->deadline = now + PATIENCE;
  double due = now + esim_schedule_retry(++w->failures, w->retry_after,
                                         esim_chance());
  if (due >= latest_start(w)) {
    finish(d, w, ESIM_OK);
    return;
  }
  esim_work_forget(w);
  wait_until(d, w, due);
}

/* Where somebody wants to know: what became of the exchange. */
static void record(esim_dispatch *d, const esim_work *w, esim_fault fault) {
  esim_record *r = w->ledger == NULL ? NULL : esim_record_open(w, fault);
  if (r == NULL)
    return;
  r->next = NULL;
  *d->records_end = r;
  d->records_end = &r->next;
}

/* What is sent next, if anything, is the same again, or something new. */
static void count_attempt(esim_work *w) {
  const esim_answer *a = &w->flight->exchange.answer;
  if (a->fault == ESIM_OK && a->http != 401 && !is_passing(a->http)) {
    w->attempt = 1;
    w->again[0] = '\0';
    return;
  }
  w->attempt++;
  if (a->fault != ESIM_OK)
    snprintf(w->again, sizeof w->again, "%s", esim_fault_word(a->fault));
  else
    snprintf(w->again, sizeof w->again, "%ld", a->http);
}

/* A pause that the provider asks for holds everything of the account. */
static void obey(esim_dispatch *d, esim_account *a, const esim_answer *answer,
                 double now) {
  if ((answer->http != 429 && answer->http != 503) || answer->retry_after <= 0)
    return;
  esim_hold_pause(&a->hold, now + answer->retry_after);
  mark(d, a);
}

/*
** A 401 to the present token: until a new one comes, whatever else is sent
** would meet the same. True: the token is a new one already. What was not
** signed says nothing about a token.
*/
static bool meet_401(esim_account *a, unsigned serial, double now) {
  if (esim_account_life(a).serial != serial)
    return true;
  if (serial == 0)
    return false;
  esim_hold_refuse(&a->hold, now);
  return false;
}

static void land(esim_dispatch *d, esim_work *w, double now) {
  esim_account *a = w->account;
  const esim_answer *answer = &w->flight->exchange.answer;
  esim_heap_clear(&d->timers, &w->timer);
  esim_work_alight(w);
  record(d, w, answer->fault);
  count_attempt(w);
  a->in_flight--;
  mark(d, a);
  obey(d, a, answer, now);
  bool renewed = answer->fault == ESIM_OK && answer->http == 401 &&
                 !w->bare && meet_401(a, w->flight->serial, now);
  if (w->orphan) {
    discard(d, w);
  } else if (w->kind == ESIM_POLL && renewed) {
    esim_work_forget(w);
    make_ready(d, w, now);
  } else if (w->kind == ESIM_POLL) {
    look_landed(d, w, now);
  } else if (w->kind == ESIM_ORDER) {
    order_landed(d, w, now);
  } else {
    finish(d, w, answer->fault);
  }
}

/* What goes out. */

static double limit(const esim_work *w, double now) {
  double left = fmax(w->deadline - now, 0);
  return fmin(w->timeout, w->kind == ESIM_POLL ? left + GRACE : left);
}

static void start(esim_dispatch *d, esim_work *w, double now) {
  esim_account *a = w->account;
  leave_queue(d, w);
  if (w->kind != ESIM_POLL && latest_start(w) <= now) {
    finish(d, w, ESIM_DEADLINE);
    return;
  }
  esim_hold_spend(&a->hold, a->rate, now);
  double most = limit(w, now);
  if (!esim_work_board(w, most)) {
    w->last = ESIM_MEMORY;
    if (w->kind == ESIM_POLL)
      plan_retry(d, w, now);
    else
      finish(d, w, ESIM_MEMORY);
    return;
  }
  w->stage = ESIM_FLYING;
  esim_heap_set(&d->timers, &w->timer, now + most + LENIENCE);
  a->in_flight++;
  esim_wire_start(d->wire, &w->flight->exchange);
}

/*
** Orders and looks take turns, so that neither starves the other. What brings
** its own credentials goes first: it may be asking for the token.
*/
static esim_work *choose(esim_account *a) {
  if (a->bare.root != NULL)
    return CONTAINER(a->bare.root, esim_work, place);
  bool look = a->orders.root == NULL ||
              (a->looks_turn && a->looks.root != NULL);
  esim_timer *first = look ? a->looks.root : a->orders.root;
  if (first == NULL)
    return NULL;
  a->looks_turn = !look;
  return CONTAINER(first, esim_work, place);
}

/* When the next one may go; INFINITY: there is none, or nothing lets it. */
static double may_start(const esim_account *a, double now) {
  if (a->bare.root != NULL)
    return esim_hold_bare(&a->hold);
  if (a->orders.root != NULL || a->looks.root != NULL)
    return esim_hold_signed(&a->hold, now);
  return INFINITY;
}

static void hear(esim_account *a) {
  esim_life life = esim_account_life(a);
  esim_hold_token(&a->hold, &life);
}

/* A look that is due goes back to Lua instead, which knows of new tokens. */
static void tell_stale(esim_dispatch *d, esim_account *a, double now) {
  if (a->looks.root == NULL || esim_hold_tell(&a->hold) > now)
    return;
  hear(a);  /* it may be replaced, and we be told of it only later */
  if (esim_hold_tell(&a->hold) > now)
    return;
  esim_hold_told(&a->hold, now);
  esim_work *w = CONTAINER(a->looks.root, esim_work, place);
  leave_queue(d, w);
  w->stale = a->hold.life.serial;
  finish(d, w, ESIM_OK);
}

static void wake_at(esim_dispatch *d, esim_account *a, double due) {
  if (isinf(due))
    return;
  if (!a->wake.set)
    esim_account_retain(a);
  esim_heap_set(&d->wakes, &a->wake, due);
}

static void serve(esim_dispatch *d, esim_account *a, double now) {
  tell_stale(d, a, now);
  while (a->in_flight < a->connections && may_start(a, now) <= now)
    start(d, choose(a), now);
  double due = a->in_flight < a->connections ? may_start(a, now) : INFINITY;
  if (a->looks.root != NULL && esim_hold_ended(&a->hold, now))
    due = fmin(due, esim_hold_tell(&a->hold));
  wake_at(d, a, due);
}

static void serve_dirty(esim_dispatch *d, double now) {
  while (d->dirty != NULL) {
    esim_account *a = d->dirty;
    d->dirty = a->next_dirty;
    a->dirty = false;
    serve(d, a, now);
    esim_account_release(a);
  }
}

/* What time brings. */

static void expire(esim_dispatch *d, esim_work *w, double now) {
  const esim_account *a = w->account;
  double latest = latest_start(w);
  if (isinf(latest))
    latest = a->hold.paused_until > now || ended(w, now) ? now
                                                         : next_doubt(w, now);
  if (latest > now) {
    esim_heap_set(&d->timers, &w->timer, latest);
    return;
  }
  leave_queue(d, w);
  if (w->http == 0 && a->hold.paused_until > now) {
    w->http = 429;
    w->retry_after = a->hold.paused_until - now;
  } else if (w->http == 0 && ended(w, now)) {
    w->http = 401;
  }
  finish(d, w, ESIM_DEADLINE);
}

static void fire(esim_dispatch *d, esim_work *w, double now) {
  double due = w->timer.due;
  esim_heap_clear(&d->timers, &w->timer);
  if (w->kind == ESIM_SLEEP)
    finish(d, w, ESIM_OK);
  else if (w->stage == ESIM_READY)
    expire(d, w, now);
  else if (w->stage == ESIM_FLYING)  /* libcurl can miss its own timer */
    esim_wire_expire(d->wire, &w->flight->exchange);
  else
    make_ready(d, w, w->kind == ESIM_POLL ? due : d->sequence++);
}

/*
** Looks that are nearly due go with those that are: the machine is woken once
** for many. Never before what the provider asked for, nor before the deadline.
*/
static void fire_all(esim_dispatch *d, double now) {
  while (d->wakes.root != NULL && d->wakes.root->due <= now) {
    esim_account *a = CONTAINER(d->wakes.root, esim_account, wake);
    esim_heap_clear(&d->wakes, &a->wake);
    mark(d, a);
    esim_account_release(a);
  }
  while (d->timers.root != NULL) {
    esim_work *w = CONTAINER(d->timers.root, esim_work, timer);
    if (w->timer.due > now + (w->stage == ESIM_WAITING ? w->early : 0))
      break;
    fire(d, w, now);
  }
}

/* The public side. */

void esim_dispatch_open(esim_dispatch *d, esim_wire *wire, unsigned birth) {
  *d = (esim_dispatch){ .wire = wire, .birth = birth };
  d->finished_end = &d->finished;
  d->records_end = &d->records;
}

/*
** An account that another engine drove, before a fork, comes with that one's
** queues: they are not ours.
*/
static void know(esim_dispatch *d, esim_account *a) {
  if (a->known == d->birth)
    return;
  a->known = d->birth;
  a->orders.root = a->looks.root = a->bare.root = NULL;
  a->wake = (esim_timer){ 0 };
  a->in_flight = 0;
  a->dirty = false;
  a->hold.told_until = a->hold.refused_until = 0;
  hear(a);
  d->connections += a->connections;
  esim_wire_keep(d->wire, d->connections);
}

static void list(esim_dispatch *d, esim_work *w) {
  w->after = d->all;
  if (w->after != NULL)
    w->after->before = w;
  d->all = w;
}

void esim_dispatch_admit(esim_dispatch *d, esim_work *w, double now) {
  list(d, w);
  if (w->kind == ESIM_SLEEP) {
    wait_until(d, w, w->deadline);
    return;
  }
  know(d, w->account);
  if (w->kind == ESIM_POLL) {
    plan_look(d, w, now - w->account->submitted < TOGETHER, now);
    w->account->submitted = now;
  } else {
    make_ready(d, w, d->sequence++);
  }
}

void esim_dispatch_again(esim_dispatch *d, esim_work *w, double now) {
  list(d, w);
  if (w->stale) {
    w->stale = 0;
    make_ready(d, w, w->place.due);
  } else if (w->http == 401) {  /* it was not about the order */
    w->http = 0;
    make_ready(d, w, now);
  } else {
    plan_next(d, w, w->retry_after);
  }
}

/* It may have got an outcome in this very lap, which nobody is to take. */
static void unfinish(esim_dispatch *d, esim_work *w) {
  for (esim_work **at = &d->finished; *at != NULL; at = &(*at)->next_finished)
    if (*at == w) {
      *at = w->next_finished;
      if (d->finished_end == &w->next_finished)
        d->finished_end = at;
      return;
    }
}

/* Take it off the wire, also where it is just back and did not land yet. */
static void call_back(esim_dispatch *d, esim_work *w) {
  esim_exchange *x = &w->flight->exchange;
  bool back = x->slot == NULL;
  esim_wire_drop(d->wire, x);
  record(d, w, back ? x->answer.fault : ESIM_CANCELLED);
}

static void ground(esim_dispatch *d, esim_work *w) {
  if (w->stage == ESIM_FLYING) {
    call_back(d, w);
    w->account->in_flight--;
    mark(d, w->account);
  }
  if (w->stage == ESIM_LANDED)
    unfinish(d, w);
  leave_queue(d, w);
}

void esim_dispatch_drop(esim_dispatch *d, esim_work *w) {
  if (w->stage == ESIM_FLYING && w->kind == ESIM_ORDER) {
    w->orphan = true;
    return;
  }
  ground(d, w);
  discard(d, w);
}

/* One that had landed, and was not delivered yet, keeps what it brought. */
void esim_dispatch_abandon(esim_dispatch *d, esim_work *w) {
  if (w->kind == ESIM_ORDER && w->stage == ESIM_FLYING) {
    w->deadline = 0;
  } else if (w->kind == ESIM_ORDER && w->stage == ESIM_LANDED) {
    unfinish(d, w);
    finish(d, w, w->fault);
  } else {
    ground(d, w);
    esim_work_forget(w);
    finish(d, w, ESIM_CANCELLED);
  }
}

static void refuse(esim_dispatch *d, esim_heap *queue) {
  while (queue->root != NULL) {
    esim_work *w = CONTAINER(queue->root, esim_work, place);
    leave_queue(d, w);
    w->http = 401;
    finish(d, w, ESIM_OK);
  }
}

void esim_dispatch_token(esim_dispatch *d, esim_account *a, bool given_up) {
  know(d, a);
  hear(a);
  if (given_up && esim_hold_waits(&a->hold, esim_clock())) {
    refuse(d, &a->orders);
    refuse(d, &a->looks);
  }
  esim_hold_give_up(&a->hold);
  mark(d, a);
}

void esim_dispatch_run(esim_dispatch *d) {
  esim_exchange *x;
  double now = esim_clock();
  while ((x = esim_wire_done(d->wire)) != NULL)
    land(d, ((esim_flight *)(void *)x)->work, now);
  fire_all(d, now);
  serve_dirty(d, now);
}

esim_work *esim_dispatch_done(esim_dispatch *d) {
  esim_work *w = d->finished;
  if (w == NULL)
    return NULL;
  d->finished = w->next_finished;
  if (d->finished == NULL)
    d->finished_end = &d->finished;
  return w;
}

esim_record *esim_dispatch_record(esim_dispatch *d) {
  esim_record *r = d->records;
  if (r == NULL)
    return NULL;
  d->records = r->next;
  if (d->records == NULL)
    d->records_end = &d->records;
  return r;
}

/* Orders on the wire count as sent: nobody will ever hear. */
static void abandon(esim_dispatch *d, esim_work *w) {
  bool flying = w->stage == ESIM_FLYING;
  if (flying) {
    call_back(d, w);
    esim_work_alight(w);
    w->flight->exchange.answer.sent = true;
  }
  leave_queue(d, w);
  if (w->orphan)
    discard(d, w);
  else if (w->stage != ESIM_LANDED)
    finish(d, w, ESIM_CANCELLED);
}

void esim_dispatch_close(esim_dispatch *d) {
  for (esim_work *w = d->all, *after; w != NULL; w = after) {
    after = w->after;
    abandon(d, w);
  }
  while (d->wakes.root != NULL) {
    esim_account *a = CONTAINER(d->wakes.root, esim_account, wake);
    esim_heap_clear(&d->wakes, &a->wake);
    esim_account_release(a);
  }
  while (d->dirty != NULL) {
    esim_account *a = d->dirty;
    d->dirty = a->next_dirty;
    a->dirty = false;
    esim_account_release(a);
  }
}

double esim_dispatch_until(const esim_dispatch *d, double now) {
  double due = INFINITY;
  if (d->timers.root != NULL)
    due = d->timers.root->due;
  if (d->wakes.root != NULL)
    due = fmin(due, d->wakes.root->due);
  return isfinite(due) ? fmax(due - now, 0) : -1;
}

#include "landing.h"

#include <math.h>
#include <stdbool.h>

#include "clock.h"
#include "due.h"
#include "plan.h"
#include "schedule.h"

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

static void look_landed(esim_queues *q, esim_work *w, double now) {
  const esim_answer *a = &w->flight->exchange.answer;
  bool whole = a->fault == ESIM_OK;
  if (a->fault == ESIM_LARGE) {
    esim_queues_finish(q, w, ESIM_LARGE);
  } else if (!whole || is_passing(a->http)) {
    note_failure(w);
    esim_work_forget(w);
    esim_plan_retry(q, w, now);
  } else {
    if (a->http != 401)
      w->looked = now;
    if (a->http / 100 == 2 && esim_work_unchanged(w)) {
      double retry_after = a->retry_after;
      esim_work_forget(w);
      esim_plan_next(q, w, retry_after);
    } else {
      esim_queues_finish(q, w, ESIM_OK);
    }
  }
}

/*
** A 429 refused the order: sending it again cannot order twice. Nothing else
** is sent again from here.
*/
static void order_landed(esim_queues *q, esim_work *w, double now) {
  const esim_answer *a = &w->flight->exchange.answer;
  if (a->fault != ESIM_OK || a->http != 429) {
    esim_queues_finish(q, w, a->fault);
    return;
  }
  note_failure(w);
  if (!isfinite(w->deadline))
    w->deadline = now + ESIM_PATIENCE;
  w->failures = esim_one_more(w->failures);
  double due = now + esim_schedule_retry(w->failures, w->retry_after,
                                         esim_chance());
  if (due >= esim_due_latest(w)) {
    esim_queues_finish(q, w, ESIM_OK);
    return;
  }
  esim_work_forget(w);
  esim_queues_wait(q, w, due);
}

/* What is sent next, if anything, is the same again, or something new. */
static void count_attempt(esim_work *w) {
  const esim_answer *a = &w->flight->exchange.answer;
  if (a->fault == ESIM_OK && a->http != 401 && !is_passing(a->http)) {
    w->attempt = 1;
    w->again = 0;
    return;
  }
  w->attempt = esim_one_more(w->attempt);
  w->again = (short)(a->fault != ESIM_OK ? -(int)a->fault : a->http);
}

/* A pause that the provider asks for holds everything of the account. */
static void obey(esim_queues *q, esim_account *a, const esim_answer *answer,
                 double now) {
  if ((answer->http != 429 && answer->http != 503) || answer->retry_after <= 0)
    return;
  esim_hold_pause(&a->hold, now + answer->retry_after);
  esim_queues_mark(q, a);
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

void esim_landing_land(esim_queues *q, esim_work *w, double now) {
  esim_account *a = w->account;
  const esim_answer *answer = &w->flight->exchange.answer;
  esim_heap_clear(&q->timers, &w->timer);
  esim_work_alight(w);
  esim_queues_record(q, w, answer->fault);
  count_attempt(w);
  a->in_flight--;
  esim_queues_mark(q, a);
  obey(q, a, answer, now);
  bool renewed = answer->fault == ESIM_OK && answer->http == 401 &&
                 !w->bare && meet_401(a, w->flight->serial, now);
  if (w->orphan) {
    esim_queues_discard(q, w);
  } else if (w->kind == ESIM_POLL && renewed) {
    esim_work_forget(w);
    esim_due_enter(q, w, now);
  } else if (w->kind == ESIM_POLL) {
    look_landed(q, w, now);
  } else if (w->kind == ESIM_ORDER) {
    order_landed(q, w, now);
  } else {
    esim_queues_finish(q, w, answer->fault);
  }
}

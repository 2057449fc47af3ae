#include "engine.h"

#include <dlfcn.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "bell.h"
#include "clock.h"
#include "driver.h"
#include "gate.h"
#include "poller.h"

#define BLIND 0.02  /* seconds between looks into an inbox without descriptor */

#define WAKES 32  /* waiters of a host that are woken at a time */

pthread_mutex_t esim_gate = PTHREAD_MUTEX_INITIALIZER;

/* All guarded by the gate. */
static esim_driver *driver;  /* NULL: none yet, or none any more */
/* A parent's, in the child: not to be touched, nor lost to leak checkers. */
static esim_driver *volatile lost;
static unsigned births;
static bool ended;           /* the process is exiting */
static bool hosted;          /* somebody waits for a descriptor */
static esim_inbox *inboxes;

static void lock(void) {
  pthread_mutex_lock(&esim_gate);
}

static void unlock(void) {
  pthread_mutex_unlock(&esim_gate);
}

/* The process: one driver, a fork, the exit. */

static void before_fork(void) {
  lock();
  if (driver != NULL)
    esim_poller_fork_prepare(esim_wire_poller(driver->wire));
}

static void after_fork_in_parent(void) {
  if (driver != NULL)
    esim_poller_fork_parent(esim_wire_poller(driver->wire));
  unlock();
}

/*
** The thread did not come along, and the connections are the parent's. What the
** parent had in flight is left as it lies: its thread may have been at work on
** it.
*/
static void after_fork_in_child(void) {
  if (driver != NULL) {
    esim_poller_fork_child(esim_wire_poller(driver->wire));
    lost = driver;
    driver = NULL;
    for (esim_inbox *in = inboxes; in != NULL; in = in->next)
      esim_inbox_fork(in);
  }
  esim_bell_close();
  unlock();
}

static void at_exit(void) {
  lock();
  esim_driver *d = driver;
  driver = NULL;
  ended = true;
  unlock();
  if (d != NULL)
    esim_driver_close(d);
}

/*
** The code of a running thread, of handlers and of libcurl's look-up threads
** must stay mapped when a Lua state that loaded it closes, however it was
** linked.
*/
static void stay_mapped(void) {
  Dl_info self;
  if (dladdr(&births, &self) != 0 && self.dli_fname != NULL)
    dlopen(self.dli_fname, RTLD_NOW | RTLD_NOLOAD | RTLD_NODELETE);
}

/*
** With the gate. The order matters: libcurl registers nothing to be run at the
** exit after ours, so that the thread is gone before OpenSSL cleans up. Another
** thread can end the process in the very middle of the start: ours is also
** registered before, and waits for the gate until libcurl is ready.
*/
static esim_fault start_driver(void) {
  static bool guarded, registered;
  esim_fault fault = ended ? ESIM_SYSTEM : ESIM_OK;
  if (driver != NULL || ended)
    return fault;
  if (!guarded) {
    esim_wire_prepare();
    guarded = atexit(at_exit) == 0;
    if (!guarded)
      return ESIM_SYSTEM;  /* the process is past its exit's functions */
  }
  driver = esim_driver_open(++births, hosted, &fault);
  if (driver == NULL || registered)
    return fault;
  registered = true;
  stay_mapped();
  if (atexit(at_exit) != 0 ||
      pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child))
    return ESIM_SYSTEM;
  return ESIM_OK;
}

static void host(void) {
  hosted = true;
  if (driver != NULL)
    esim_driver_host(driver);
}

/* Inboxes. */

void esim_engine_join(esim_inbox *in) {
  esim_inbox_open(in);
  lock();
  in->previous = NULL;
  in->next = inboxes;
  if (inboxes != NULL) {
    inboxes->previous = in;
    host();
  }
  inboxes = in;
  unlock();
}

/* With the gate: what the engine has is its own from now on. */
static void disown(esim_inbox *in) {
  for (uint32_t i = 0; i < in->used; i++) {
    esim_work *w = in->places[i].work;
    if (w == NULL || !w->away)
      continue;
    in->places[i].work = NULL;
    if (in->forked)
      continue;  /* it is the parent's */
    w->dropped = true;  /* also for an engine that is just being ended */
    if (driver != NULL)
      esim_driver_post(driver, w);
  }
}

void esim_engine_leave(esim_inbox *in) {
  lock();
  disown(in);
  esim_inbox_close_ledger(in);
  if (in->next != NULL)
    in->next->previous = in->previous;
  if (in->previous != NULL)
    in->previous->next = in->next;
  else
    inboxes = in->next;
  unlock();
  esim_inbox_close(in);
}

esim_fault esim_engine_submit(esim_inbox *in, const esim_spec *spec,
                              double *id) {
  esim_fault fault;
  esim_work *w = esim_work_open(spec, esim_clock(), &fault);
  if (w == NULL)
    return fault;
  if ((w->account != NULL && w->account->records &&
       !esim_inbox_record(in, w)) || !esim_inbox_enter(in, w)) {
    esim_work_close(w);
    return ESIM_MEMORY;
  }
  *id = w->id;
  lock();
  fault = in->forked ? ESIM_FORKED : start_driver();
  w->away = fault == ESIM_OK;
  if (w->away)
    esim_driver_post(driver, w);
  unlock();
  if (fault != ESIM_OK) {
    esim_inbox_leave(in, w);
    esim_work_close(w);
  }
  return fault;
}

/* What a poll's answer was is all that the schedule needs of it. */
static void digest(esim_work *w) {
  if (w->flight == NULL)
    return;
  const esim_answer *a = &w->flight->exchange.answer;
  w->http = a->http;
  w->retry_after = a->retry_after;
  if (a->http / 100 == 2)
    esim_work_remember(w);
  else
    esim_work_forget(w);
}

bool esim_engine_again(esim_inbox *in, double id) {
  esim_work *w = esim_inbox_find(in, id);
  if (w == NULL || w->kind != ESIM_POLL)
    return false;
  lock();
  bool ours = !w->away && !w->delivered && driver != NULL;
  unlock();
  if (!ours)
    return false;
  digest(w);
  lock();
  ours = driver != NULL;  /* the process may have begun to exit meanwhile */
  if (ours) {
    w->away = true;
    esim_driver_post(driver, w);
  }
  unlock();
  return ours;
}

void esim_engine_cancel(esim_inbox *in, double id, bool settled) {
  esim_work *w = esim_inbox_find(in, id);
  if (w == NULL)
    return;
  esim_inbox_leave(in, w);
  lock();
  bool away = w->away;
  if (w->delivered)
    esim_inbox_withdraw(in, w);
  if (away && !in->forked) {
    w->dropped = true;  /* also for an engine that is just being ended */
    if (driver != NULL)
      esim_driver_post(driver, w);
  }
  unlock();
  if (away)
    return;
  if (settled)
    esim_work_learn(w, true);
  esim_work_close(w);
}

double esim_engine_left(const esim_inbox *in, double id) {
  const esim_work *w = esim_inbox_find(in, id);
  return w == NULL ? 0 : fmax(w->deadline - esim_clock(), 0);
}

/* A poll that is not with the driver has an outcome only if it is given one. */
void esim_engine_abandon(esim_inbox *in, double id) {
  esim_work *w = esim_inbox_find(in, id);
  if (w == NULL)
    return;
  lock();
  w->waiter = NULL;
  w->abandoned = true;
  if (w->away && driver != NULL && !in->forked) {
    esim_driver_post(driver, w);
  } else if (!w->away && w->kind == ESIM_POLL) {
    w->fault = ESIM_CANCELLED;
    if (!w->delivered)
      esim_inbox_deliver(in, w);
  }
  unlock();
}

/* Taking. */

static void tell(const esim_work *w, esim_result *r) {
  *r = (esim_result){ .id = w->id, .fault = w->fault, .http = w->http,
                      .type = "", .detail = "", .next_page = "",
                      .previous_page = "", .failure = w->last,
                      .retry_after = w->retry_after };
  if (w->told && w->fault == ESIM_OK) {
    r->stale = true;
    r->serial = w->stale;
    r->http = 0;  /* that of a try before */
  }
  r->last = w->kind != ESIM_POLL || w->fault != ESIM_OK;
  if (w->flight == NULL)
    return;
  const esim_answer *a = &w->flight->exchange.answer;
  r->serial = w->flight->serial;
  r->http = a->http;
  r->body = a->body;
  r->size = a->size;
  r->type = a->type;
  r->detail = a->detail;
  if (a->pages != NULL) {
    r->next_page = a->pages->next;
    r->previous_page = a->pages->previous;
  }
  r->retry_after = a->retry_after;
  r->sent = a->sent;
}

esim_found esim_engine_peek(esim_inbox *in, esim_result *result) {
  lock();
  esim_work *w = in->first;
  bool forked = in->forked;
  if (forked)
    disown(in);
  else
    esim_inbox_hold(in, false);
  in->forked = false;
  unlock();
  if (forked) {
    esim_inbox_clear(in);
    return ESIM_FORK;
  }
  if (w == NULL)
    return ESIM_NOTHING;
  tell(w, result);
  return ESIM_SOMETHING;
}

void esim_engine_hold(esim_inbox *in, bool held) {
  lock();
  esim_inbox_hold(in, held);
  unlock();
}

bool esim_engine_pop(esim_inbox *in, bool held) {
  lock();
  esim_work *w = in->first;
  esim_inbox_hold(in, held);
  esim_inbox_withdraw(in, w);
  bool more = esim_inbox_holds(in);
  unlock();
  if (w->kind == ESIM_POLL && w->fault == ESIM_OK)
    return more;
  esim_inbox_leave(in, w);
  esim_work_close(w);
  return more;
}

/* Without accounts that have records there is no ledger, and no lock. */
const esim_record *esim_engine_record(esim_inbox *in) {
  if (in->ledger == NULL)
    return NULL;
  lock();
  esim_record *r = in->ledger->first;
  if (r != NULL)
    r->dropped = in->ledger->dropped;
  unlock();
  return r;
}

void esim_engine_strike(esim_inbox *in) {
  lock();
  esim_inbox_strike_record(in);
  unlock();
}

/* Waiting. */

/* Without a descriptor (there are none left) nothing wakes us: look often. */
static void poll_event(int event, double deadline) {
  struct pollfd watched = { .fd = event, .events = POLLIN };
  double left = deadline - esim_clock();
  if (event < 0)
    left = fmin(left, BLIND);
  int limit = isfinite(left) ? (int)fmin(ceil(fmax(left, 0) * 1000), INT_MAX)
                             : -1;
  poll(&watched, 1, limit);
}

bool esim_engine_wait(esim_inbox *in, double seconds) {
  double deadline = seconds < 0 ? INFINITY : esim_clock() + seconds;
  lock();
  bool holds = esim_inbox_holds(in);
  bool drives = !holds && driver != NULL && !hosted;
  if (drives)
    esim_driver_wait(driver, in, deadline);
  unlock();
  if (!holds && !drives)
    poll_event(esim_inbox_event(in), deadline);
  lock();
  holds = esim_inbox_holds(in);
  unlock();
  return holds;
}

int esim_engine_event(esim_inbox *in) {
  lock();
  host();
  unlock();
  return esim_inbox_event(in);
}

void esim_engine_host(esim_inbox *in, esim_post *post) {
  lock();
  host();
  in->post = post;
  unlock();
}

bool esim_engine_watch(esim_inbox *in, double id, void *waiter) {
  esim_work *w = esim_inbox_find(in, id);
  if (w == NULL)
    return false;
  lock();
  bool waits = !w->delivered && !in->forked && in->post != NULL;
  w->waiter = waits ? waiter : NULL;
  unlock();
  return waits;
}

int esim_engine_bell(void) {
  lock();
  int bell = esim_bell_open();
  unlock();
  return bell;
}

void esim_engine_wake(void) {
  esim_bell_hush();
  lock();
  esim_bell_heard();
  unsigned left = WAKES;
  for (esim_inbox *in = inboxes; in != NULL; in = in->next)
    left -= esim_inbox_wake(in, left);
  if (left == 0)
    esim_bell_ring();  /* the host sees to its other business in between */
  unlock();
}

void esim_engine_mute(void) {
  lock();
  esim_bell_close();
  unlock();
}

void esim_engine_token(esim_account *a, bool given_up) {
  lock();
  a->given_up = given_up;
  if (driver != NULL)
    esim_driver_nudge(driver, a);
  unlock();
}

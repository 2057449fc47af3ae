#include "driver.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "gate.h"
#include "poller.h"

#define NAP 0.02      /* seconds until the thread sees to an absent caller */
#define NAP_LONG 0.1  /* the same, while he is at it */
#define NAPS_IDLE 50  /* naps without work before it rests until called */

static void lock(void) {
  pthread_mutex_lock(&esim_gate);
}

static void unlock(void) {
  pthread_mutex_unlock(&esim_gate);
}

static void ring(esim_driver *d) {
  d->asleep = false;
  esim_poller_ring(esim_wire_poller(d->wire));
}

/* Something was posted: whoever drives, or should, gets to know. */
static void notify(esim_driver *d) {
  if (d->asleep)
    ring(d);
  if (d->resting) {
    d->resting = false;
    pthread_cond_signal(&d->call);
  }
}

void esim_driver_post(esim_driver *d, esim_work *w) {
  if (w->posted)
    return;
  w->posted = true;
  w->next = NULL;
  *d->posted_end = w;
  d->posted_end = &w->next;
  notify(d);
}

/* Driving: these run with the role and without the gate. */

static void take_in(esim_driver *d, esim_work *w, double now) {
  esim_work *next;
  for (; w != NULL; w = next) {
    lock();
    next = w->next;
    bool dropped = w->dropped, abandoned = w->abandoned;
    w->posted = false;
    unlock();
    if (dropped)
      esim_dispatch_drop(&d->dispatch, w);
    else if (abandoned)
      esim_dispatch_abandon(&d->dispatch, w);
    else if (w->stage == ESIM_LANDED)
      esim_dispatch_again(&d->dispatch, w, now);
    else
      esim_dispatch_admit(&d->dispatch, w, now);
  }
}

static void hear_tokens(esim_driver *d, esim_account *a) {
  esim_account *next;
  for (; a != NULL; a = next) {
    lock();
    next = a->next_posted;
    bool given_up = a->given_up;
    a->given_up = false;
    a->posted = 0;
    unlock();
    esim_dispatch_token(&d->dispatch, a, given_up);
    esim_account_release(a);
  }
}

static void take_posted(esim_driver *d) {
  lock();
  esim_work *posted = d->posted;
  esim_account *nudged = d->nudged;
  d->posted = NULL;
  d->posted_end = &d->posted;
  d->nudged = NULL;
  d->asleep = true;
  unlock();
  hear_tokens(d, nudged);  /* first: what came after is not refused by it */
  take_in(d, posted, esim_clock());
}

/*
** With the gate. What was dropped or abandoned meanwhile is posted: the next
** take_in() frees it, or finishes it again. Nothing is posted to an engine that
** is being ended, but what was dropped is not delivered.
*/
static void deliver(esim_driver *d) {
  esim_record *r;
  while ((r = esim_dispatch_record(&d->dispatch)) != NULL)
    esim_inbox_enter_record(r);
  esim_work *w;
  while ((w = esim_dispatch_done(&d->dispatch)) != NULL)
    if (!w->posted && !w->dropped) {
      esim_dispatch_release(&d->dispatch, w);
      w->away = false;
      esim_inbox_deliver(w->inbox, w);
    }
  d->busy = esim_dispatch_busy(&d->dispatch);
}

/* The shorter of two waits, of which a negative one is for ever. */
static double shorter(double a, double b) {
  return a < 0 ? b : b < 0 ? a : fmin(a, b);
}

/* One step of the engine; false: a signal came. */
static bool lap(esim_driver *d, double seconds) {
  take_posted(d);
  esim_dispatch_run(&d->dispatch);
  if (esim_dispatch_holds(&d->dispatch))
    seconds = 0;
  else
    seconds = shorter(seconds,
                      esim_dispatch_until(&d->dispatch, esim_clock()));
  bool quiet = esim_wire_step(d->wire, seconds);
  esim_dispatch_run(&d->dispatch);
  lock();
  d->asleep = false;
  deliver(d);
  unlock();
  return quiet;
}

/* The thread: these run with the gate. */

static void nap(esim_driver *d, double seconds) {
  struct timespec until;
  clock_gettime(CLOCK_MONOTONIC, &until);
  until.tv_nsec += (long)(seconds * 1e9);
  if (until.tv_nsec >= 1000000000) {
    until.tv_nsec -= 1000000000;
    until.tv_sec++;
  }
  pthread_cond_timedwait(&d->call, &esim_gate, &until);
}

/*
** In a plain script the caller drives. While he is away and there is work the
** thread sees to it; when there has been none for a while it rests.
*/
static bool caller_is_away(esim_driver *d, unsigned *idle) {
  unsigned long laps = d->laps;
  *idle = d->busy || d->posted != NULL ? 0 : *idle + 1;
  if (*idle < NAPS_IDLE) {
    nap(d, d->role == CALLER ? NAP_LONG : NAP);
  } else {
    d->resting = true;
    pthread_cond_wait(&d->call, &esim_gate);
    d->resting = false;
    *idle = 0;
  }
  return d->role == NOBODY && d->laps == laps &&
         (d->busy || d->posted != NULL);
}

static bool await_turn(esim_driver *d) {
  unsigned idle = 0;
  for (;;) {
    if (d->stopping)
      return false;
    if (d->hosted && d->role == NOBODY)
      return true;
    if (d->hosted)
      pthread_cond_wait(&d->turn, &esim_gate);
    else if (caller_is_away(d, &idle))
      return true;
  }
}

static void *run_thread(void *arg) {
  esim_driver *d = arg;
  lock();
  while (await_turn(d)) {
    d->role = THREAD;
    do {
      double seconds = d->hosted || d->busy ? -1 : 0;
      unlock();
      lap(d, seconds);
      lock();
    } while (!d->stopping &&
             (d->hosted || (!d->wanted && (d->busy || d->posted != NULL))));
    d->role = NOBODY;
    pthread_cond_broadcast(&d->turn);
  }
  unlock();
  return NULL;
}

/* Birth and death. */

static bool start_thread(esim_driver *d) {
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);  /* the thread inherits it */
  int failed = pthread_create(&d->thread, NULL, run_thread, d);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  return failed == 0;
}

static void free_driver(esim_driver *d) {
  esim_wire_close(d->wire);
  pthread_cond_destroy(&d->turn);
  pthread_cond_destroy(&d->call);
  free(d);
}

static void open_conditions(esim_driver *d) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(&d->turn, NULL);
  pthread_cond_init(&d->call, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

esim_driver *esim_driver_open(unsigned birth, bool hosted, esim_fault *fault) {
  *fault = ESIM_MEMORY;
  esim_driver *d = calloc(1, sizeof *d);
  if (d == NULL)
    return NULL;
  d->wire = esim_wire_open(fault);
  if (d->wire == NULL) {
    free(d);
    return NULL;
  }
  open_conditions(d);
  esim_dispatch_open(&d->dispatch, d->wire, birth);
  d->posted_end = &d->posted;
  d->birth = birth;
  d->hosted = hosted;
  if (!start_thread(d)) {
    free_driver(d);
    *fault = ESIM_SYSTEM;
    return NULL;
  }
  return d;
}

bool esim_driver_close(esim_driver *d) {
  lock();
  if (d->role == CALLER && pthread_equal(d->caller, pthread_self())) {
    unlock();  /* a signal's handler ended the process in the middle of a lap */
    return false;
  }
  d->stopping = true;
  ring(d);
  pthread_cond_broadcast(&d->turn);
  pthread_cond_broadcast(&d->call);
  while (d->role == CALLER)
    pthread_cond_wait(&d->turn, &esim_gate);
  unlock();
  pthread_join(d->thread, NULL);
  take_posted(d);
  esim_dispatch_close(&d->dispatch);
  lock();
  deliver(d);
  unlock();
  free_driver(d);
  return true;
}

/* With the gate. */

void esim_driver_nudge(esim_driver *d, esim_account *a) {
  if (a->posted == d->birth)
    return;
  esim_account_retain(a);
  a->posted = d->birth;
  a->next_posted = d->nudged;
  d->nudged = a;
  notify(d);
}

void esim_driver_host(esim_driver *d) {
  d->hosted = true;
  ring(d);
  pthread_cond_broadcast(&d->turn);
  pthread_cond_broadcast(&d->call);
}

/*
** OpenSSL writes to sockets without a care for SIGPIPE, and the caller's own
** disposition of it is not ours to change: it is blocked while he drives, and
** one that came of it is taken; not one that he had blocked, and that waited.
*/
typedef struct hush {
  sigset_t pipe, before;
  bool pending;
} hush;

static void hush_pipe(hush *h) {
  sigset_t pending;
  sigemptyset(&h->pipe);
  sigaddset(&h->pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &h->pipe, &h->before);
  h->pending = sigismember(&h->before, SIGPIPE) == 1 &&
               sigpending(&pending) == 0 &&
               sigismember(&pending, SIGPIPE) == 1;
}

static void unhush_pipe(const hush *h) {
  const struct timespec now = { 0, 0 };
  if (!h->pending)
    while (sigtimedwait(&h->pipe, NULL, &now) < 0 && errno == EINTR) {}
  pthread_sigmask(SIG_SETMASK, &h->before, NULL);
}

static bool take_role(esim_driver *d) {
  while (d->role != NOBODY && !d->hosted && !d->stopping) {
    d->wanted = true;
    ring(d);
    pthread_cond_wait(&d->turn, &esim_gate);
  }
  d->wanted = false;
  if (d->hosted || d->stopping)
    return false;
  d->role = CALLER;
  d->caller = pthread_self();
  return true;
}

void esim_driver_wait(esim_driver *d, const esim_inbox *in, double deadline) {
  hush h;
  if (!take_role(d))
    return;
  hush_pipe(&h);
  /* Before he had the role, the thread may have brought it. */
  bool wanted = !esim_inbox_holds(in);
  while (wanted) {
    double left = deadline - esim_clock();
    unlock();
    bool quiet = lap(d, isfinite(left) ? fmax(left, 0) : -1);
    lock();
    d->laps++;
    wanted = !esim_inbox_holds(in) && quiet && deadline > esim_clock() &&
             !d->hosted && !d->stopping;
  }
  unhush_pipe(&h);
  d->role = NOBODY;
  pthread_cond_broadcast(&d->turn);
}

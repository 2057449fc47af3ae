#include "inbox.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bell.h"
#include "gate.h"

/*
** A number is generation * 2^24 + place: exact in a double for 2^29
** generations of a place, and never 0.
*/
#define PLACES_MAX (1u << 24)
#define GENERATIONS (1u << 29)
#define NO_PLACE UINT32_MAX

void esim_inbox_open(esim_inbox *in) {
  memset(in, 0, sizeof *in);
  in->first_free = NO_PLACE;
  in->end = &in->first;
  in->event = -1;
}

void esim_inbox_clear(esim_inbox *in) {
  for (uint32_t i = 0; i < in->used; i++) {
    esim_work *w = in->places[i].work;
    if (w == NULL)
      continue;
    esim_inbox_leave(in, w);
    if (!w->away)
      esim_work_close(w);
  }
}

void esim_inbox_close(esim_inbox *in) {
  esim_inbox_clear(in);
  free(in->places);
  if (in->ledger != NULL)
    esim_ledger_release(in->ledger);
  if (in->event >= 0)
    close(in->event);
  esim_inbox_open(in);
}

static bool make_room(esim_inbox *in) {
  if (in->used < in->room)
    return true;
  if (in->room == PLACES_MAX)
    return false;
  uint32_t room = in->room == 0 ? 16 : in->room * 2;
  struct esim_place *grown = realloc(in->places, room * sizeof *grown);
  if (grown == NULL)
    return false;
  in->places = grown;
  in->room = room;
  return true;
}

bool esim_inbox_enter(esim_inbox *in, esim_work *w) {
  uint32_t i = in->first_free;
  if (i != NO_PLACE) {
    in->first_free = in->places[i].next_free;
  } else {
    if (!make_room(in))
      return false;
    i = in->used++;
    in->places[i].generation = 1;
  }
  in->places[i].work = w;
  w->inbox = in;
  w->id = ldexp(in->places[i].generation, 24) + i;
  return true;
}

/* The place of a number; NULL: no number of this inbox. */
static struct esim_place *place_of(const esim_inbox *in, double id) {
  double generation = floor(ldexp(id, -24));
  if (!(generation >= 1 && generation < GENERATIONS))
    return NULL;
  double i = id - ldexp(generation, 24);
  if (i >= in->used || i != floor(i))
    return NULL;
  struct esim_place *place = &in->places[(uint32_t)i];
  return place->generation == (uint32_t)generation ? place : NULL;
}

esim_work *esim_inbox_find(const esim_inbox *in, double id) {
  const struct esim_place *place = place_of(in, id);
  return place == NULL ? NULL : place->work;
}

void esim_inbox_leave(esim_inbox *in, esim_work *w) {
  struct esim_place *place = place_of(in, w->id);
  place->work = NULL;
  place->generation = place->generation + 1 < GENERATIONS
                          ? place->generation + 1
                          : 1;
  place->next_free = in->first_free;
  in->first_free = (uint32_t)(place - in->places);
}

bool esim_inbox_record(esim_inbox *in, esim_work *w) {
  if (in->ledger == NULL) {
    esim_ledger *ledger = esim_ledger_open(in);
    if (ledger == NULL)
      return false;
    pthread_mutex_lock(&esim_gate);
    in->ledger = ledger;
    pthread_mutex_unlock(&esim_gate);
  }
  esim_ledger_retain(in->ledger);
  w->ledger = in->ledger;
  return true;
}

static void ring(const esim_inbox *in) {
  uint64_t one = 1;
  if (in->event >= 0)
    (void)!write(in->event, &one, sizeof one);
}

static void hush(const esim_inbox *in) {
  uint64_t rings;
  if (in->event >= 0)
    (void)!read(in->event, &rings, sizeof rings);
}

/* Its descriptor is to be readable. */
static bool is_readable(const esim_inbox *in) {
  return in->held || esim_inbox_holds(in);
}

int esim_inbox_event(esim_inbox *in) {
  pthread_mutex_lock(&esim_gate);
  if (in->event < 0) {
    in->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (is_readable(in))
      ring(in);
  }
  int event = in->event;
  pthread_mutex_unlock(&esim_gate);
  return event;
}

bool esim_inbox_holds(const esim_inbox *in) {
  return in->first != NULL || in->forked ||
         (in->ledger != NULL && in->ledger->first != NULL);
}

void esim_inbox_enter_record(esim_record *r) {
  esim_inbox *in = r->ledger->inbox;
  if (in != NULL && !is_readable(in))
    ring(in);
  esim_ledger_enter(r);
}

void esim_inbox_strike_record(esim_inbox *in) {
  esim_ledger_strike(in->ledger);
  if (!is_readable(in))
    hush(in);
}

void esim_inbox_close_ledger(esim_inbox *in) {
  if (in->ledger == NULL)
    return;
  in->ledger->inbox = NULL;
  esim_ledger_clear(in->ledger);
}

void esim_inbox_hold(esim_inbox *in, bool held) {
  bool was = is_readable(in);
  in->held = held;
  if (is_readable(in) == was)
    return;
  if (was)
    hush(in);
  else
    ring(in);
}

void esim_inbox_deliver(esim_inbox *in, esim_work *w) {
  if (!is_readable(in))
    ring(in);
  if (w->waiter != NULL)
    esim_bell_ring();
  w->delivered = true;
  w->next = NULL;
  *in->end = w;
  in->end = &w->next;
}

void esim_inbox_withdraw(esim_inbox *in, esim_work *w) {
  for (esim_work **at = &in->first; *at != NULL; at = &(*at)->next)
    if (*at == w) {
      *at = w->next;
      if (in->end == &w->next)
        in->end = at;
      break;
    }
  w->delivered = false;
  w->waiter = NULL;
  if (!is_readable(in))
    hush(in);
}

unsigned esim_inbox_wake(esim_inbox *in, unsigned most) {
  unsigned woken = 0;
  for (esim_work *w = in->first; w != NULL && woken < most; w = w->next) {
    if (w->waiter == NULL)
      continue;
    if (in->post != NULL)
      in->post(w->waiter, 1);
    w->waiter = NULL;
    woken++;
  }
  return woken;
}

/*
** In the child of a fork: a descriptor of its own under the same number, for
** the parent's would steal the parent's events; readable, for take() has to
** say what happened.
*/
void esim_inbox_fork(esim_inbox *in) {
  in->forked = in->held = true;
  in->post = NULL;
  in->first = NULL;
  in->end = &in->first;
  if (in->ledger != NULL)
    esim_ledger_clear(in->ledger);
  if (in->event < 0)
    return;
  int own = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  if (own >= 0 && dup3(own, in->event, O_CLOEXEC) >= 0) {
    close(own);
    return;
  }
  close(in->event);
  in->event = own;
}

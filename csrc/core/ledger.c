#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gate.h"

esim_ledger *esim_ledger_open(struct esim_inbox *in) {
  esim_ledger *l = calloc(1, sizeof *l);
  if (l == NULL)
    return NULL;
  atomic_init(&l->references, 1);
  l->inbox = in;
  l->end = &l->first;
  return l;
}

void esim_ledger_retain(esim_ledger *l) {
  atomic_fetch_add_explicit(&l->references, 1, memory_order_relaxed);
}

void esim_ledger_release(esim_ledger *l) {
  if (atomic_fetch_sub_explicit(&l->references, 1, memory_order_acq_rel) != 1)
    return;
  esim_ledger_clear(l);
  free(l);
}

static void miss(esim_ledger *l) {
  pthread_mutex_lock(&esim_gate);
  l->dropped++;
  pthread_mutex_unlock(&esim_gate);
}

esim_record *esim_record_open(const esim_work *w, esim_fault fault) {
  const esim_exchange *x = &w->flight->exchange;
  const char *target = w->flight->target;
  size_t method = strlen(x->method) + 1, size = strlen(target) + 1;
  esim_record *r = malloc(sizeof *r + method + size);
  if (r == NULL) {
    miss(w->ledger);
    return NULL;
  }
  *r = (esim_record){
    .id = w->id, .tag = w->tag, .at = esim_wall(), .fault = fault,
    .http = x->answer.http, .retry_after = x->answer.retry_after,
    .timing = x->timing, .attempt = w->attempt, .again = w->again,
    .ledger = w->ledger
  };
  r->method = memcpy(r + 1, x->method, method);
  r->target = memcpy((char *)(r + 1) + method, target, size);
  esim_ledger_retain(r->ledger);
  return r;
}

void esim_ledger_enter(esim_record *r) {
  esim_ledger *l = r->ledger;
  r->ledger = NULL;
  r->next = NULL;
  if (l->inbox != NULL && l->count < ESIM_RECORDS_MAX) {
    *l->end = r;
    l->end = &r->next;
    l->count++;
  } else {
    l->dropped++;
    free(r);
  }
  esim_ledger_release(l);
}

void esim_ledger_strike(esim_ledger *l) {
  esim_record *r = l->first;
  l->first = r->next;
  if (l->first == NULL)
    l->end = &l->first;
  l->count--;
  l->dropped -= r->dropped;
  free(r);
}

void esim_ledger_clear(esim_ledger *l) {
  while (l->first != NULL)
    esim_ledger_strike(l);
  l->dropped = 0;
}

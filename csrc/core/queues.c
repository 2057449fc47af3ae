#include "queues.h"

#include <math.h>
#include <stddef.h>

#define CONTAINER(pointer, type, member) \
  ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

void esim_queues_open(esim_queues *q) {
  *q = (esim_queues){ .dirty = NULL };
  q->finished_end = &q->finished;
  q->records_end = &q->records;
}

/* The list of all. */

void esim_queues_list(esim_queues *q, esim_work *w) {
  w->after = q->all;
  if (w->after != NULL)
    w->after->before = w;
  q->all = w;
}

void esim_queues_admit(esim_queues *q, esim_work *w) {
  w->place.due = q->sequence++;
  esim_queues_list(q, w);
}

void esim_queues_release(esim_queues *q, esim_work *w) {
  if (w->before == NULL && q->all != w)
    return;  /* dropped before it was admitted */
  if (w->before != NULL)
    w->before->after = w->after;
  else
    q->all = w->after;
  if (w->after != NULL)
    w->after->before = w->before;
  w->before = w->after = NULL;
}

void esim_queues_discard(esim_queues *q, esim_work *w) {
  esim_queues_release(q, w);
  esim_work_close(w);
}

/* Accounts. */

void esim_queues_mark(esim_queues *q, esim_account *a) {
  if (a->dirty)
    return;
  esim_account_retain(a);
  a->dirty = true;
  a->next_dirty = q->dirty;
  q->dirty = a;
}

esim_account *esim_queues_next_dirty(esim_queues *q) {
  esim_account *a = q->dirty;
  if (a == NULL)
    return NULL;
  q->dirty = a->next_dirty;
  a->dirty = false;
  return a;
}

void esim_queues_wake(esim_queues *q, esim_account *a, double due) {
  if (isinf(due))
    return;
  if (!esim_timer_is_set(&a->wake))
    esim_account_retain(a);
  esim_heap_set(&q->wakes, &a->wake, due);
}

esim_account *esim_queues_next_awake(esim_queues *q, double now) {
  if (q->wakes.root == NULL || q->wakes.root->due > now)
    return NULL;
  esim_account *a = CONTAINER(q->wakes.root, esim_account, wake);
  esim_heap_clear(&q->wakes, &a->wake);
  return a;
}

/* Waiting for a timer, or for its turn. */

static esim_heap *queue_of(esim_work *w) {
  return w->bare ? &w->account->bare : &w->account->orders;
}

void esim_queues_wait(esim_queues *q, esim_work *w, double due) {
  w->stage = ESIM_WAITING;
  esim_heap_set(&q->timers, &w->timer, due);
}

void esim_queues_enter(esim_queues *q, esim_work *w, double late) {
  w->stage = ESIM_READY;
  if (w->lore != NULL)
    esim_turns_enter(&w->account->looks, w);
  else
    esim_heap_set(queue_of(w), &w->place, w->place.due);
  if (isfinite(late))
    esim_heap_set(&q->timers, &w->timer, late);
  esim_queues_mark(q, w->account);
}

void esim_queues_leave(esim_queues *q, esim_work *w) {
  esim_heap_clear(&q->timers, &w->timer);
  if (w->lore != NULL)
    esim_turns_leave(&w->account->looks, w);
  else if (w->account != NULL)
    esim_heap_clear(queue_of(w), &w->place);
}

esim_work *esim_queues_first(const esim_heap *queue) {
  return queue->root == NULL ? NULL : CONTAINER(queue->root, esim_work, place);
}

esim_work *esim_queues_timed(const esim_queues *q) {
  const esim_timer *first = q->timers.root;
  return first == NULL ? NULL : CONTAINER(first, esim_work, timer);
}

/* Outcomes and records, on their way to the inboxes. */

void esim_queues_finish(esim_queues *q, esim_work *w, esim_fault fault) {
  w->stage = ESIM_LANDED;
  w->fault = fault;
  w->next_finished = NULL;
  *q->finished_end = w;
  q->finished_end = &w->next_finished;
}

void esim_queues_unfinish(esim_queues *q, esim_work *w) {
  for (esim_work **at = &q->finished; *at != NULL; at = &(*at)->next_finished)
    if (*at == w) {
      *at = w->next_finished;
      if (q->finished_end == &w->next_finished)
        q->finished_end = at;
      return;
    }
}

esim_work *esim_queues_next_finished(esim_queues *q) {
  esim_work *w = q->finished;
  if (w == NULL)
    return NULL;
  q->finished = w->next_finished;
  if (q->finished == NULL)
    q->finished_end = &q->finished;
  return w;
}

void esim_queues_record(esim_queues *q, const esim_work *w, esim_fault fault) {
  esim_record *r = w->ledger == NULL ? NULL : esim_record_open(w, fault);
  if (r == NULL)
    return;
  r->next = NULL;
  *q->records_end = r;
  q->records_end = &r->next;
}

esim_record *esim_queues_next_record(esim_queues *q) {
  esim_record *r = q->records;
  if (r == NULL)
    return NULL;
  q->records = r->next;
  if (q->records == NULL)
    q->records_end = &q->records;
  return r;
}

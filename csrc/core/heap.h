#ifndef ESIM_HEAP_H
#define ESIM_HEAP_H

#include <stdbool.h>
#include <stddef.h>

/*
** A pairing heap of timers whose nodes live in what they time: nothing is
** allocated, so nothing that waits can be lost for want of memory.
*/
typedef struct esim_timer {
  double due;                /* esim_clock() at which it fires */
  struct esim_timer *child;  /* the first of those that are due later */
  struct esim_timer *next;   /* the next of the same parent */
  struct esim_timer *back;   /* the one before, or the parent; itself: it is the
                                root; NULL: it is in no heap */
} esim_timer;

typedef struct esim_heap {
  esim_timer *root;          /* the first one due; NULL: empty */
} esim_heap;

static inline bool esim_timer_is_set(const esim_timer *timer) {
  return timer->back != NULL;
}

/* Put `timer` in, or move it: it fires at `due`. */
void esim_heap_set(esim_heap *heap, esim_timer *timer, double due);

/* Take `timer` out; nothing happens when it is not in. */
void esim_heap_clear(esim_heap *heap, esim_timer *timer);

#endif

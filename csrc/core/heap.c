#include "heap.h"

/* Both are roots (or NULL); the one that is due first keeps the other. */
static esim_timer *meld(esim_timer *a, esim_timer *b) {
  if (a == NULL || b == NULL)
    return a == NULL ? b : a;
  if (b->due < a->due) {
    esim_timer *swap = a;
    a = b;
    b = swap;
  }
  b->back = a;
  b->next = a->child;
  if (b->next != NULL)
    b->next->back = b;
  a->child = b;
  return a;
}

static esim_timer *detach(esim_timer *timer) {
  esim_timer *next = timer->next;
  timer->next = timer->back = NULL;
  return next;
}

/* The two passes of the pairing heap: melded in pairs, then from the right. */
static esim_timer *meld_children(esim_timer *child) {
  esim_timer *pairs = NULL;
  while (child != NULL) {
    esim_timer *a = child;
    esim_timer *b = detach(a);
    child = b == NULL ? NULL : detach(b);
    a = meld(a, b);
    a->next = pairs;
    pairs = a;
  }
  esim_timer *root = NULL;
  while (pairs != NULL) {
    esim_timer *a = pairs;
    pairs = detach(a);
    root = meld(root, a);
  }
  return root;
}

static void unlink_child(esim_timer *timer) {
  if (timer->back->child == timer)
    timer->back->child = timer->next;
  else
    timer->back->next = timer->next;
  if (timer->next != NULL)
    timer->next->back = timer->back;
  detach(timer);
}

static void set_root(esim_heap *heap, esim_timer *root) {
  heap->root = root;
  if (root != NULL)
    root->back = root;
}

void esim_heap_clear(esim_heap *heap, esim_timer *timer) {
  if (!esim_timer_is_set(timer))
    return;
  esim_timer *rest = meld_children(timer->child);
  if (heap->root == timer) {
    set_root(heap, rest);
    detach(timer);
  } else {
    unlink_child(timer);
    set_root(heap, meld(heap->root, rest));
  }
  timer->child = NULL;
}

void esim_heap_set(esim_heap *heap, esim_timer *timer, double due) {
  esim_heap_clear(heap, timer);
  timer->due = due;
  set_root(heap, meld(heap->root, timer));
}

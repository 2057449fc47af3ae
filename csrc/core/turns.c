#include "turns.h"

#include <math.h>
#include <stddef.h>

#include "work.h"

#define AGE 0.25  /* seconds for which the order among the kinds holds */

#define CONTAINER(pointer, type, member) \
  ((type *)(void *)((char *)(pointer) - offsetof(type, member)))

void esim_turns_open(esim_turns *t, unsigned birth) {
  *t = (esim_turns){ .birth = birth };
}

bool esim_turns_any(const esim_turns *t) {
  return t->lores.root != NULL || t->finals.root != NULL;
}

/* Neither changes while it is in. */
static unsigned group_of(const esim_work *w) {
  return esim_experience_bin(w->looked - w->born);
}

static esim_work *first_of(const esim_heap *group) {
  return CONTAINER(group->root, esim_work, place);
}

/* The first of a kind that has any; *most: its unseen waiting. */
static esim_work *best(esim_lore *l, double now, double *most) {
  esim_work *first = NULL;
  esim_curve curve;
  *most = -1;
  esim_lore_draw(l, &curve);
  for (uint64_t left = l->filled; left != 0; left &= left - 1) {
    esim_work *w = first_of(&l->groups[__builtin_ctzll(left)]);
    double waiting = esim_curve_unseen(&curve, w->looked - w->born,
                                       now - w->born);
    if (waiting > *most) {
      *most = waiting;
      first = w;
    }
  }
  return first;
}

/* What another engine had in there, before a fork, is not ours. */
static void know(const esim_turns *t, esim_lore *l) {
  if (l->known == t->birth)
    return;
  l->known = t->birth;
  l->filled = 0;
  l->turn = (esim_timer){ 0 };
  for (unsigned k = 0; k < ESIM_BINS; k++)
    l->groups[k].root = NULL;
}

void esim_turns_enter(esim_turns *t, esim_work *w) {
  if (w->final) {
    esim_heap_set(&t->finals, &w->place, w->deadline);
    return;
  }
  esim_lore *l = w->lore;
  know(t, l);
  unsigned k = group_of(w);
  esim_heap_set(&l->groups[k], &w->place, w->born);
  l->filled |= UINT64_C(1) << k;
  if (!esim_timer_is_set(&l->turn) || isfinite(l->turn.due))
    esim_heap_set(&t->lores, &l->turn, -INFINITY);  /* to be ranked */
}

void esim_turns_leave(esim_turns *t, esim_work *w) {
  if (!esim_timer_is_set(&w->place))
    return;
  if (w->final) {
    esim_heap_clear(&t->finals, &w->place);
    return;
  }
  esim_lore *l = w->lore;
  unsigned k = group_of(w);
  esim_heap_clear(&l->groups[k], &w->place);
  if (l->groups[k].root == NULL)
    l->filled &= ~(UINT64_C(1) << k);
  if (l->filled == 0)
    esim_heap_clear(&t->lores, &l->turn);
}

/* All grow meanwhile, each as its own experience says. */
static void rank(esim_turns *t, double now) {
  esim_lore *ranked = NULL;
  while (t->lores.root != NULL) {
    esim_lore *l = CONTAINER(t->lores.root, esim_lore, turn);
    esim_heap_clear(&t->lores, &l->turn);
    l->next_ranked = ranked;
    ranked = l;
  }
  for (; ranked != NULL; ranked = ranked->next_ranked) {
    double most;
    best(ranked, now, &most);
    esim_heap_set(&t->lores, &ranked->turn, -most);
  }
  t->ranked = now;
}

/*
** The rank of a kind is too high when one has come in, or its first one has
** left: it is put right, and is the first or is not.
*/
esim_work *esim_turns_first(esim_turns *t, double now) {
  if (t->finals.root != NULL)
    return first_of(&t->finals);
  if (t->lores.root == NULL)
    return NULL;
  if (t->lores.root->child == NULL) {
    esim_lore *l = CONTAINER(t->lores.root, esim_lore, turn);
    if ((l->filled & (l->filled - 1)) == 0)  /* one group alone? */
      return first_of(&l->groups[__builtin_ctzll(l->filled)]);
  } else if (now - t->ranked >= AGE) {
    rank(t, now);
  }
  for (;;) {
    esim_timer *root = t->lores.root;
    esim_lore *l = CONTAINER(root, esim_lore, turn);
    double most;
    esim_work *first = best(l, now, &most);
    esim_heap_set(&t->lores, &l->turn, -most);
    if (t->lores.root == root || t->lores.root->due >= -most)
      return first;
  }
}

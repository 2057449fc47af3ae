#ifndef ESIM_TURNS_H
#define ESIM_TURNS_H

#include <stdbool.h>

#include "heap.h"
#include "lore.h"

struct esim_work;

/*
** The looks of an account that are due, when there are more of them than may
** go. Those at their deadline are first, for they cannot be put off; then the
** one with the greatest expected unseen waiting. No pick looks at every order:
** those of one kind whose last looks came at about the same age are a group, in
** which the oldest order has the greatest, whatever the time. Nothing is
** allocated. The driver's alone.
*/
typedef struct esim_turns {
  esim_heap finals;   /* at their deadline, the first one first */
  esim_heap lores;    /* that have any, the greatest unseen waiting first */
  double ranked;      /* when all of these were ranked anew */
  unsigned birth;     /* of the engine; what another one left is not ours */
} esim_turns;

/* Empty, whatever was in there. */
void esim_turns_open(esim_turns *turns, unsigned birth);

/* Put a look in; take it out, if it is in. It must have a lore. */
void esim_turns_enter(esim_turns *turns, struct esim_work *work);
void esim_turns_leave(esim_turns *turns, struct esim_work *work);

bool esim_turns_any(const esim_turns *turns);

/* Whose turn it is; NULL: none is due. It stays in. */
struct esim_work *esim_turns_first(esim_turns *turns, double now);

#endif

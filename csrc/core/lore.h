#ifndef ESIM_LORE_H
#define ESIM_LORE_H

#include <stdbool.h>
#include <stdint.h>

#include "experience.h"
#include "heap.h"
#include "schedule.h"

#define ESIM_LORE_MOST 256      /* keys of an account */
#define ESIM_LORE_KEY 255       /* bytes of one */
#define ESIM_LORE_BUCKETS 64

/*
** One kind of order of an account: what such orders took, and those of them of
** which a look is due. An account's orders of which the kind is not known are
** one kind too, of which nothing is learned.
*/
typedef struct esim_lore {
  const char *key;               /* NULL: not known */
  struct esim_lore *next;        /* of the same bucket */

  /* Guarded by the gate. */
  esim_experience experience;

  /* The driver's, see turns.h. */
  esim_heap groups[ESIM_BINS];   /* by the bin of the last look's age */
  uint64_t filled;               /* the groups that are not empty */
  esim_timer turn;               /* among the account's */
  struct esim_lore *next_ranked;
  unsigned known;                /* to the engine of this birth */
} esim_lore;

/* An account's, by key: "NEW_ESIM <product>". The state's thread alone. */
typedef struct esim_lores {
  esim_lore unknown;
  esim_lore *buckets[ESIM_LORE_BUCKETS];
  unsigned count;
} esim_lores;

void esim_lores_close(esim_lores *lores);

/*
** That of `key`, made at need; where there are too many, that of its first
** word; where there is no memory, or the key is empty, that of the unknown.
*/
esim_lore *esim_lores_find(esim_lores *lores, const char *key);

/*
** The next one after `lore`, which NULL is before all; NULL: there is none. The
** unknown is not among them.
*/
esim_lore *esim_lores_next(esim_lores *lores, const esim_lore *lore);

/* What is in experience.h and schedule.h, under the gate. */
double esim_lore_next(esim_lore *lore, const esim_schedule *schedule,
                      double last, unsigned looks, bool together,
                      double chance);
void esim_lore_draw(esim_lore *lore, esim_curve *curve);
void esim_lore_learn(esim_lore *lore, double from, double to, bool done);
size_t esim_lore_write(esim_lore *lore, char text[ESIM_EXPERIENCE_TEXT]);
bool esim_lore_read(esim_lore *lore, const char *text);

#endif

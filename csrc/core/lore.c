#include "lore.h"

#include <stdlib.h>
#include <string.h>

#include "gate.h"

static void lock(void) {
  pthread_mutex_lock(&esim_gate);
}

static void unlock(void) {
  pthread_mutex_unlock(&esim_gate);
}

/* By key. */

/* FNV-1a. */
static unsigned bucket_of(const char *key, size_t size) {
  uint32_t hash = 2166136261u;
  for (size_t i = 0; i < size; i++)
    hash = (hash ^ (unsigned char)key[i]) * 16777619u;
  return (hash ^ (hash >> 16)) % ESIM_LORE_BUCKETS;
}

static esim_lore *look_up(const esim_lores *all, const char *key,
                          size_t size) {
  for (esim_lore *l = all->buckets[bucket_of(key, size)]; l != NULL;
       l = l->next)
    if (strncmp(l->key, key, size) == 0 && l->key[size] == '\0')
      return l;
  return NULL;
}

static esim_lore *make(esim_lores *all, const char *key, size_t size) {
  esim_lore *l = calloc(1, sizeof *l + size + 1);
  if (l == NULL)
    return NULL;
  memcpy(l + 1, key, size);
  l->key = (const char *)(l + 1);
  esim_lore **bucket = &all->buckets[bucket_of(key, size)];
  l->next = *bucket;
  *bucket = l;
  all->count++;
  return l;
}

/* The first words are few: an account has as many again of them at most. */
esim_lore *esim_lores_find(esim_lores *all, const char *key) {
  size_t size = strlen(key), word = strcspn(key, " ");
  esim_lore *found = NULL;
  if (size <= ESIM_LORE_KEY)
    found = look_up(all, key, size);
  if (found == NULL && size <= ESIM_LORE_KEY && size > 0 &&
      all->count < ESIM_LORE_MOST)
    found = make(all, key, size);
  if (found == NULL && word > 0 && word <= ESIM_LORE_KEY)
    found = look_up(all, key, word);
  if (found == NULL && word > 0 && word <= ESIM_LORE_KEY &&
      all->count < 2 * ESIM_LORE_MOST)
    found = make(all, key, word);
  return found == NULL ? &all->unknown : found;
}

esim_lore *esim_lores_next(esim_lores *all, const esim_lore *l) {
  unsigned bucket = 0;
  if (l != NULL && l->next != NULL)
    return l->next;
  if (l != NULL)
    bucket = bucket_of(l->key, strlen(l->key)) + 1;
  while (bucket < ESIM_LORE_BUCKETS && all->buckets[bucket] == NULL)
    bucket++;
  return bucket < ESIM_LORE_BUCKETS ? all->buckets[bucket] : NULL;
}

void esim_lores_close(esim_lores *all) {
  for (unsigned i = 0; i < ESIM_LORE_BUCKETS; i++)
    for (esim_lore *l = all->buckets[i], *next; l != NULL; l = next) {
      next = l->next;
      free(l);
    }
}

/* Experience. */

double esim_lore_next(esim_lore *l, const esim_schedule *schedule, double last,
                      unsigned looks, bool together, double chance) {
  lock();
  double due = esim_schedule_next(schedule, &l->experience, last, looks,
                                  together, chance);
  unlock();
  return due;
}

void esim_lore_draw(esim_lore *l, esim_curve *curve) {
  lock();
  esim_experience_draw(&l->experience, curve);
  unlock();
}

void esim_lore_learn(esim_lore *l, double from, double to, bool done) {
  if (l->key == NULL)
    return;
  lock();
  esim_experience_learn(&l->experience, from, to, done);
  unlock();
}

size_t esim_lore_write(esim_lore *l, char text[ESIM_EXPERIENCE_TEXT]) {
  lock();
  esim_experience copy = l->experience;
  unlock();
  return esim_experience_write(&copy, text);
}

bool esim_lore_read(esim_lore *l, const char *text) {
  esim_experience read;
  if (!esim_experience_read(&read, text))
    return false;
  lock();
  l->experience = read;
  unlock();
  return true;
}

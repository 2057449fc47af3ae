#include "account.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "gate.h"
#include "url.h"

#define BEARER "Authorization: Bearer "

static void free_account(esim_account *a) {
  free(a->url);
  free((char *)a->order_path);
  free((char *)a->correlation);
  free((char *)a->site.trust.ca_file);
  free((char *)a->site.trust.client_cert);
  free((char *)a->site.trust.client_key);
  for (unsigned i = 0; i < a->line_count; i++)
    free((char *)a->lines[i]);
  esim_account_forget(a->authorization);
  esim_lores_close(&a->lores);
  free(a);
}

/* *copy: a copy of `text`, which may be NULL; false: no memory. */
static bool copy_text(const char *text, const char **copy) {
  *copy = text == NULL ? NULL : strdup(text);
  return text == NULL || *copy != NULL;
}

/* The base URL without the slashes that would double a target's own. */
static bool copy_url(esim_account *a, const char *url) {
  a->url_size = strlen(url);
  while (a->url_size > 0 && url[a->url_size - 1] == '/')
    a->url_size--;
  a->url = strndup(url, a->url_size);
  return a->url != NULL;
}

static esim_fault check_texts(const esim_account_spec *spec) {
  const char *path = spec->order_path, *line = spec->correlation;
  if (path != NULL && (path[0] != '/' || !esim_url_clean(path)))
    return ESIM_URL;
  if (line != NULL && !esim_header_clean(line, strlen(line)))
    return ESIM_HEADER;
  return ESIM_OK;
}

static esim_fault copy_lines(esim_account *a, const esim_account_spec *spec) {
  for (unsigned i = 0; i < spec->line_count; i++) {
    const char *line = spec->lines[i];
    if (!esim_header_clean(line, strlen(line)))
      return ESIM_HEADER;
    if (!copy_text(line, &a->lines[i]))
      return ESIM_MEMORY;
    a->line_count++;
  }
  return ESIM_OK;
}

static esim_fault copy_texts(esim_account *a, const esim_account_spec *spec) {
  if (!copy_url(a, spec->url) ||
      !copy_text(spec->order_path, &a->order_path) ||
      !copy_text(spec->correlation, &a->correlation) ||
      !copy_text(spec->trust.ca_file, &a->site.trust.ca_file) ||
      !copy_text(spec->trust.client_cert, &a->site.trust.client_cert) ||
      !copy_text(spec->trust.client_key, &a->site.trust.client_key))
    return ESIM_MEMORY;
  return copy_lines(a, spec);
}

esim_account *esim_account_open(const esim_account_spec *spec,
                                esim_fault *fault) {
  static atomic_ulong serials;
  esim_site site = { 0 };
  *fault = esim_url_check(spec->url, spec->allow_http, &site.loopback);
  if (*fault == ESIM_OK)
    *fault = check_texts(spec);
  if (*fault != ESIM_OK)
    return NULL;
  *fault = ESIM_MEMORY;
  esim_account *a = calloc(1, sizeof *a);
  if (a == NULL)
    return NULL;
  atomic_init(&a->references, 1);
  double ends = spec->awaits_token ? 0 : INFINITY;  /* that of no token */
  a->life = a->hold.life = (esim_life){ 0, ends, ends };
  a->rate = spec->rate;
  a->timeout = spec->timeout;
  a->connections = spec->connections;
  site.serial = 1 + atomic_fetch_add(&serials, 1);
  site.origin = esim_url_origin(spec->url);
  a->site = site;
  a->records = spec->records;
  *fault = copy_texts(a, spec);
  if (*fault == ESIM_OK)
    return a;
  free_account(a);
  return NULL;
}

void esim_account_retain(esim_account *a) {
  atomic_fetch_add_explicit(&a->references, 1, memory_order_relaxed);
}

void esim_account_release(esim_account *a) {
  if (atomic_fetch_sub_explicit(&a->references, 1, memory_order_acq_rel) == 1)
    free_account(a);
}

esim_fault esim_account_token(esim_account *a, const char *token,
                              size_t size, double stale, double ends) {
  if (size == 0 || memchr(token, ' ', size) != NULL ||
      !esim_header_clean(token, size))
    return ESIM_HEADER;
  char *line = malloc(sizeof BEARER + size);
  if (line == NULL)
    return ESIM_MEMORY;
  memcpy(line, BEARER, sizeof BEARER - 1);
  memcpy(line + sizeof BEARER - 1, token, size);
  line[sizeof BEARER - 1 + size] = '\0';
  double now = esim_clock();
  pthread_mutex_lock(&esim_gate);
  char *old = a->authorization;
  a->authorization = line;
  a->life = (esim_life){ a->life.serial + 1, now + stale, now + ends };
  pthread_mutex_unlock(&esim_gate);
  esim_account_forget(old);
  return ESIM_OK;
}

bool esim_account_sign(esim_account *a, char **line, unsigned *serial) {
  pthread_mutex_lock(&esim_gate);
  bool any = a->authorization != NULL;
  *line = any ? strdup(a->authorization) : NULL;
  *serial = a->life.serial;
  pthread_mutex_unlock(&esim_gate);
  return !any || *line != NULL;
}

esim_life esim_account_life(esim_account *a) {
  pthread_mutex_lock(&esim_gate);
  esim_life life = a->life;
  pthread_mutex_unlock(&esim_gate);
  return life;
}

void esim_account_hear(esim_account *a) {
  esim_life life = esim_account_life(a);
  esim_hold_token(&a->hold, &life);
}

void esim_account_forget(char *line) {
  if (line != NULL)
    explicit_bzero(line, strlen(line));
  free(line);
}

/* Whether one of eight bytes is less than 0x20, or 0x7f. */
static bool holds_control(uint64_t bytes) {
  const uint64_t ones = UINT64_C(0x0101010101010101), highs = ones << 7;
  uint64_t deletes = bytes ^ (ones * 0x7f);
  return (((bytes - ones * 0x20) & ~bytes) |
          ((deletes - ones) & ~deletes)) & highs;
}

bool esim_header_clean(const char *text, size_t size) {
  uint64_t bytes;
  for (; size >= sizeof bytes; text += sizeof bytes, size -= sizeof bytes) {
    memcpy(&bytes, text, sizeof bytes);
    if (holds_control(bytes))
      return false;
  }
  bytes = UINT64_C(0x2020202020202020);
  memcpy(&bytes, text, size);
  return !holds_control(bytes);
}

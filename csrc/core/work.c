#include "work.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ledger.h"

/* Visible ASCII: what a request target may hold (RFC 3986, percent-encoded). */
static bool is_target(const char *text) {
  for (; *text != '\0'; text++)
    if (*text <= ' ' || *text > '~')
      return false;
  return true;
}

static esim_fault check(const esim_spec *spec) {
  if (spec->kind == ESIM_SLEEP)
    return ESIM_OK;
  if (!is_target(spec->target))
    return ESIM_URL;
  for (unsigned i = 0; i < spec->line_count; i++)
    if (!esim_header_clean(spec->lines[i], strlen(spec->lines[i])))
      return ESIM_HEADER;
  return ESIM_OK;
}

static bool is_get(const esim_spec *s) {
  return strcmp(s->method, "GET") == 0;  /* nearly all that wait are */
}

/* Bytes of everything that is copied behind the struct. */
static size_t measure(const esim_spec *s) {
  size_t size = strlen(s->target) + 1 + s->body_size;
  if (!is_get(s))
    size += strlen(s->method) + 1;
  for (unsigned i = 0; i < s->line_count; i++)
    size += strlen(s->lines[i]) + 1;
  return size;
}

/* Whether it brings credentials of its own: a request for a token does. */
static bool is_bare(const esim_spec *s) {
  static const char name[] = "Authorization:";
  for (unsigned i = 0; i < s->line_count; i++)
    if (strncasecmp(s->lines[i], name, sizeof name - 1) == 0)
      return true;
  return false;
}

/* Copy `size` bytes to `*to`, which moves on; where they are now. */
static char *put(char **to, const void *bytes, size_t size) {
  char *at = *to;
  if (size > 0)
    memcpy(at, bytes, size);
  *to += size;
  return at;
}

static void copy_request(esim_work *w, const esim_spec *s) {
  char *to = (char *)(w + 1);
  for (unsigned i = 0; i < s->line_count; i++)
    put(&to, s->lines[i], strlen(s->lines[i]) + 1);
  w->line_count = (unsigned char)s->line_count;
  w->method = is_get(s) ? "GET" : put(&to, s->method, strlen(s->method) + 1);
  w->target = put(&to, s->target, strlen(s->target) + 1);
  w->body = s->body == NULL ? NULL : put(&to, s->body, s->body_size);
  w->body_size = s->body_size;
  w->timeout = (float)(s->timeout < 0 ? s->account->timeout : s->timeout);
  w->bare = is_bare(s);
  w->account = s->account;
  if (s->kind == ESIM_POLL && s->kind_of != NULL && !w->bare)
    w->lore = esim_lores_find(&w->account->lores, s->kind_of);
  esim_account_retain(w->account);
}

esim_work *esim_work_open(const esim_spec *s, double now, esim_fault *fault) {
  *fault = check(s);
  if (*fault != ESIM_OK)
    return NULL;
  size_t copied = s->kind == ESIM_SLEEP ? 0 : measure(s);
  esim_work *w = malloc(sizeof *w + copied);
  if (w == NULL) {
    *fault = ESIM_MEMORY;
    return NULL;
  }
  memset(w, 0, sizeof *w);
  w->kind = s->kind;
  w->deadline = s->deadline < 0 ? INFINITY : now + s->deadline;
  w->born = now - s->age;
  w->looked = w->learned = w->born + s->seen;
  w->schedule = s->schedule;
  w->retry_after = -1;
  w->tag = s->tag;
  w->attempt = s->attempt == 0 ? 1 : s->attempt;
  snprintf(w->again, sizeof w->again, "%s", s->again == NULL ? "" : s->again);
  if (s->kind != ESIM_SLEEP)
    copy_request(w, s);
  return w;
}

/* What is behind it, and may hold secrets. */
static void wipe(esim_work *w) {
  if (w->target == NULL)
    return;
  const char *end = w->body != NULL ? w->body + w->body_size
                                    : w->target + strlen(w->target);
  explicit_bzero(w + 1, (size_t)(end - (const char *)(w + 1)));
}

void esim_work_close(esim_work *w) {
  esim_work_forget(w);
  if (w->account != NULL)
    esim_account_release(w->account);
  if (w->ledger != NULL)
    esim_ledger_release(w->ledger);
  wipe(w);
  free(w);
}

/* A flight of no more than its URL. */
static esim_flight *make_flight(const esim_work *w) {
  size_t base = w->account->url_size, target = strlen(w->target) + 1;
  esim_flight *f = malloc(sizeof *f + base + target);
  if (f == NULL)
    return NULL;
  memset(f, 0, sizeof *f);
  memcpy(f->url, w->account->url, base);
  memcpy(f->url + base, w->target, target);
  return f;
}

static void add_lines(esim_exchange *x, const esim_work *w) {
  for (unsigned i = 0; i < w->account->line_count; i++)
    x->lines[x->line_count++] = w->account->lines[i];
  const char *line = (const char *)(w + 1);
  for (unsigned i = 0; i < w->line_count; i++, line += strlen(line) + 1)
    x->lines[x->line_count++] = line;
}

bool esim_work_board(esim_work *w, double timeout) {
  esim_work_forget(w);
  esim_flight *f = make_flight(w);
  if (f == NULL)
    return false;
  if (!w->bare &&
      !esim_account_sign(w->account, &f->authorization, &f->serial)) {
    free(f);
    return false;
  }
  esim_exchange *x = &f->exchange;
  add_lines(x, w);
  if (f->authorization != NULL)
    x->lines[x->line_count++] = f->authorization;
  x->method = w->method;
  x->url = f->url;
  x->body = w->body;
  x->body_size = w->body_size;
  x->site = &w->account->site;
  x->timeout = timeout;
  x->timed = w->ledger != NULL;
  x->once = w->kind == ESIM_ORDER;
  f->work = w;
  w->flight = f;
  return true;
}

void esim_work_alight(esim_work *w) {
  esim_account_forget(w->flight->authorization);
  w->flight->authorization = NULL;
}

void esim_work_learn(esim_work *w, bool done) {
  if (w->lore != NULL && w->looked > w->learned)
    esim_lore_learn(w->lore, w->learned - w->born, w->looked - w->born, done);
  w->learned = w->looked;
}

void esim_work_forget(esim_work *w) {
  if (w->flight == NULL)
    return;
  esim_work_alight(w);
  esim_answer_clear(&w->flight->exchange.answer);
  explicit_bzero(w->flight->url, strlen(w->flight->url));
  free(w->flight);
  w->flight = NULL;
}

/*
** FNV-1a over status and body; never 0. A hundred thousand bodies that wait
** would be as large as all else that waits, and may hold secrets. That one look
** in 2^64 is taken for the last one is put up with.
*/
static uint64_t fingerprint(const esim_answer *a) {
  uint64_t print = UINT64_C(0xcbf29ce484222325) + (uint64_t)a->http;
  for (size_t i = 0; i < a->size; i++)
    print = (print ^ (unsigned char)a->body[i]) * UINT64_C(0x100000001b3);
  return print == 0 ? 1 : print;
}

void esim_work_remember(esim_work *w) {
  if (w->flight == NULL)
    return;
  w->seen = fingerprint(&w->flight->exchange.answer);
  esim_work_forget(w);
}

bool esim_work_unchanged(const esim_work *w) {
  return w->seen != 0 && fingerprint(&w->flight->exchange.answer) == w->seen;
}

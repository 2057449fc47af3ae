#include "work.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "ledger.h"
#include "url.h"

static bool is_target_clean(const esim_spec *s) {
  if (s->target != NULL)
    return esim_url_clean(s->target);
  return s->account->order_path != NULL && esim_url_clean(s->order_id);
}

static bool has_correlation(const esim_spec *s) {
  return s->correlation_id != NULL && s->correlation_id[0] != '\0';
}

static bool is_clean(const char *text) {
  return esim_header_clean(text, strlen(text));
}

static bool are_lines_clean(const esim_spec *s) {
  for (unsigned i = 0; i < s->line_count; i++)
    if (!is_clean(s->lines[i]))
      return false;
  return !has_correlation(s) ||
         (s->account->correlation != NULL && is_clean(s->correlation_id));
}

/* Bytes of everything that is copied behind the struct. */
static size_t measure(const esim_spec *s) {
  size_t size = strlen(s->target != NULL ? s->target : s->order_id) + 1;
  size += has_correlation(s) ? strlen(s->correlation_id) + 1 : 1;
  for (unsigned i = 0; i < s->line_count; i++)
    size += strlen(s->lines[i]) + 1;
  return size + strlen(s->method) + 1 + s->body_size;
}

static esim_fault check(const esim_spec *s, size_t *behind) {
  *behind = 0;
  if (s->kind == ESIM_SLEEP)
    return ESIM_OK;
  if (!is_target_clean(s))
    return ESIM_URL;
  if (!are_lines_clean(s))
    return ESIM_HEADER;
  *behind = measure(s);
  return *behind > ESIM_REQUEST_MAX ? ESIM_OVERSIZE : ESIM_OK;
}

/* Whether it brings credentials of its own: a request for a token does. */
static bool is_bare(const esim_spec *s) {
  static const char name[] = "Authorization:";
  for (unsigned i = 0; i < s->line_count; i++)
    if (strncasecmp(s->lines[i], name, sizeof name - 1) == 0)
      return true;
  return false;
}

/* Copy `text` to `to`; where what follows it goes. */
static char *put(char *to, const char *text) {
  return stpcpy(to, text) + 1;
}

static void copy_texts(esim_work *w, const esim_spec *s) {
  char *to = (char *)(w + 1);
  to = put(to, s->target != NULL ? s->target : s->order_id);
  to = put(to, has_correlation(s) ? s->correlation_id : "");
  for (unsigned i = 0; i < s->line_count; i++)
    to = put(to, s->lines[i]);
  to = put(to, s->method);
  if (s->body_size > 0)
    memcpy(to, s->body, s->body_size);
}

static void copy_request(esim_work *w, const esim_spec *s) {
  copy_texts(w, s);
  w->by_id = s->target == NULL;
  w->line_count = (unsigned char)s->line_count;
  w->has_body = s->body != NULL;
  w->timeout = (float)(s->timeout < 0 ? s->account->timeout : s->timeout);
  w->bare = is_bare(s);
  w->account = s->account;
  if (s->kind == ESIM_POLL && s->kind_of != NULL && !w->bare)
    w->lore = esim_lores_find(&w->account->lores, s->kind_of);
  esim_account_retain(w->account);
}

static unsigned short narrow(unsigned count) {
  return count < USHRT_MAX ? (unsigned short)count : USHRT_MAX;
}

esim_work *esim_work_open(const esim_spec *s, double now, esim_fault *fault) {
  size_t behind;
  *fault = check(s, &behind);
  if (*fault != ESIM_OK)
    return NULL;
  esim_work *w = malloc(sizeof *w + behind);
  if (w == NULL) {
    *fault = ESIM_MEMORY;
    return NULL;
  }
  memset(w, 0, sizeof *w);
  w->kind = s->kind;
  w->behind = (unsigned)behind;
  w->deadline = s->deadline < 0 ? INFINITY : now + s->deadline;
  w->born = now - s->age;
  w->looked = w->learned = w->born + s->seen;
  w->schedule = s->schedule;
  w->retry_after = -1;
  w->tag = s->tag;
  w->attempt = s->attempt == 0 ? 1 : narrow(s->attempt);
  w->again = s->again;
  if (s->kind != ESIM_SLEEP)
    copy_request(w, s);
  return w;
}

void esim_work_close(esim_work *w) {
  esim_work_forget(w);
  if (w->account != NULL)
    esim_account_release(w->account);
  if (w->ledger != NULL)
    esim_ledger_release(w->ledger);
  explicit_bzero(w + 1, w->behind);  /* it may hold secrets */
  free(w);
}

/* What lies behind a work. */
typedef struct request {
  const char *target, *correlation_id, *lines, *method, *body;
  size_t body_size;
} request;

static const char *past(const char *text) {
  return text + strlen(text) + 1;
}

static request request_of(const esim_work *w) {
  request r = { .target = (const char *)(w + 1) };
  r.correlation_id = past(r.target);
  r.lines = r.method = past(r.correlation_id);
  for (unsigned i = 0; i < w->line_count; i++)
    r.method = past(r.method);
  r.body = past(r.method);
  r.body_size = w->behind - (size_t)(r.body - r.target);
  return r;
}

/* A flight of no more than its URL and the line of its correlation id. */
static esim_flight *make_flight(const esim_work *w, const request *r) {
  const esim_account *a = w->account;
  const char *path = w->by_id ? a->order_path : "";
  const char *name = *r->correlation_id != '\0' ? a->correlation : "";
  size_t size = a->url_size + strlen(path) + strlen(r->target) + 1 +
                strlen(name) + strlen(r->correlation_id) + 1;
  esim_flight *f = malloc(sizeof *f + size);
  if (f == NULL)
    return NULL;
  memset(f, 0, sizeof *f);
  f->size = size;
  f->target = f->texts + a->url_size;
  char *end = stpcpy(stpcpy(stpcpy(f->texts, a->url), path), r->target);
  f->exchange.url = f->texts;
  stpcpy(stpcpy(end + 1, name), r->correlation_id);
  return f;
}

static void add_line(esim_exchange *x, const char *line) {
  if (line != NULL && *line != '\0')
    x->lines[x->line_count++] = line;
}

static void add_lines(esim_flight *f, const esim_work *w, const request *r) {
  esim_exchange *x = &f->exchange;
  for (unsigned i = 0; i < w->account->line_count; i++)
    add_line(x, w->account->lines[i]);
  add_line(x, past(f->texts));
  const char *line = r->lines;
  for (unsigned i = 0; i < w->line_count; i++, line = past(line))
    add_line(x, line);
  add_line(x, f->authorization);
}

bool esim_work_board(esim_work *w, double timeout) {
  esim_work_forget(w);
  request r = request_of(w);
  esim_flight *f = make_flight(w, &r);
  if (f == NULL)
    return false;
  w->flight = f;
  if (!w->bare &&
      !esim_account_sign(w->account, &f->authorization, &f->serial)) {
    esim_work_forget(w);
    return false;
  }
  esim_exchange *x = &f->exchange;
  add_lines(f, w, &r);
  x->method = r.method;
  x->body = w->has_body ? r.body : NULL;
  x->body_size = r.body_size;
  x->site = &w->account->site;
  x->timeout = timeout;
  x->timed = w->ledger != NULL;
  x->once = w->kind == ESIM_ORDER;
  f->work = w;
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
  explicit_bzero(w->flight->texts, w->flight->size);
  free(w->flight);
  w->flight = NULL;
}

/*
** Of status and body, eight bytes at a time as in FNV-1a, each time with the
** upper half folded into the lower one; never 0. A hundred thousand bodies that
** wait would be as large as all else that waits, and may hold secrets. That one
** look in 2^64 is taken for the last one is put up with.
*/
static uint64_t stir(uint64_t print, uint64_t bytes) {
  print = (print ^ bytes) * UINT64_C(0x9e3779b97f4a7c15);
  return print ^ print >> 32;
}

static uint64_t fingerprint(const esim_answer *a) {
  uint64_t print = stir((uint64_t)a->http, a->size), eight;
  size_t i = 0;
  for (; a->size - i >= sizeof eight; i += sizeof eight) {
    memcpy(&eight, a->body + i, sizeof eight);
    print = stir(print, eight);
  }
  if (i < a->size) {
    eight = 0;
    memcpy(&eight, a->body + i, a->size - i);
    print = stir(print, eight);
  }
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

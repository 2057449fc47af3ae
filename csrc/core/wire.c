#include "wire.h"

#include <curl/curl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "clock.h"
#include "schedule.h"

#define READY 64   /* descriptors served at a time */
#define PAUSE 0.01 /* seconds before another libcurl is asked for */
#define BUFFER 4096L  /* bytes that are read at a time */
#define POOLED 64  /* idle handles kept for the next exchanges */

/*
** Seconds of idleness after which an order takes no kept connection: one that
** the server is about to close would leave its outcome unknown. Servers close
** after 5 s and more.
*/
#define KEPT 3L

/* A handle, and what one exchange needs beside it while it is on the wire. */
typedef struct esim_slot {
  CURL *easy;
  esim_wire *wire;
  esim_exchange *exchange;
  struct curl_slist lines[ESIM_LINES_MAX];  /* made here: no allocation */
  char error[CURL_ERROR_SIZE];
  esim_fault fault;       /* why a callback refused to go on */
  bool begun;             /* the request was begun */
  long before;            /* bytes that were written before it: a proxy's */
  struct esim_slot *next, *previous;  /* of those idle, or on the wire */
} esim_slot;

struct esim_wire {
  CURLM *multi;
  esim_poller *poller;
  double timer;           /* when libcurl wants to be called; INFINITY */
  bool broken;            /* libcurl failed: it is to be replaced at once */
  bool stained;           /* it had no memory: when nothing is on the wire */
  long kept;              /* idle connections */
  esim_slot *idle, *flying;
  int idle_count;
  esim_exchange *done, **done_end;
};

/* What libcurl tells of its sockets and of time. */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *wire,
                     void *data) {
  (void)easy, (void)data;
  esim_wire *w = wire;
  int interest = (what & CURL_POLL_IN ? ESIM_READABLE : 0) |
                 (what & CURL_POLL_OUT ? ESIM_WRITABLE : 0);
  if (what == CURL_POLL_REMOVE)
    interest = 0;
  esim_poller_watch(w->poller, fd, interest);
  return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *wire) {
  (void)multi;
  esim_wire *w = wire;
  w->timer = milliseconds < 0 ? INFINITY
                              : esim_clock() + (double)milliseconds / 1000;
  return 0;
}

static curl_socket_t open_socket(void *wire, curlsocktype purpose,
                                 struct curl_sockaddr *address) {
  (void)purpose;
  esim_wire *w = wire;
  int fd = esim_poller_socket(w->poller, address->family, address->socktype,
                              address->protocol);
  return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int close_socket(void *wire, curl_socket_t fd) {
  esim_wire *w = wire;
  return esim_poller_close_socket(w->poller, fd);
}

/* What libcurl tells of an exchange. */

#define TELLS_BEGIN (LIBCURL_VERSION_NUM >= 0x075000)

static long written(const esim_slot *s) {
  long bytes = 0;
  curl_easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &bytes);
  return bytes;
}

/*
** Whether a byte of the request itself was written, in this or an earlier try:
** a kept connection may have taken all of it before it died, whatever became of
** the connection that libcurl then made in its place.
*/
static bool was_sent(const esim_slot *s) {
  curl_off_t body = 0;
  curl_easy_getinfo(s->easy, CURLINFO_SIZE_UPLOAD_T, &body);
  bool begun = s->begun || !TELLS_BEGIN;
  return begun && (written(s) > s->before || body > 0);
}

/*
** Called before each beginning of a request, also when libcurl begins again
** because a kept connection died. An order may begin again only while no byte
** of it was written (RFC 9110 section 9.2.2).
*/
static int on_begin(void *slot, char *to, char *from, int to_port,
                    int from_port) {
  (void)to, (void)from, (void)to_port, (void)from_port;
  esim_slot *s = slot;
  if (s->exchange->once && was_sent(s)) {
    s->fault = ESIM_CUT;
    strcpy(s->error, "the connection died and an order is not sent twice");
    return CURL_PREREQFUNC_ABORT;
  }
  if (!was_sent(s))
    s->before = written(s);
  s->begun = true;
  return CURL_PREREQFUNC_OK;
}

static size_t on_body(char *bytes, size_t one, size_t size, void *slot) {
  (void)one;
  esim_slot *s = slot;
  s->fault = esim_answer_append(&s->exchange->answer, bytes, size);
  return s->fault == ESIM_OK ? size : 0;
}

static size_t on_header(char *line, size_t one, size_t size, void *slot) {
  (void)one;
  esim_slot *s = slot;
  s->fault = esim_answer_header(&s->exchange->answer, line, size);
  return s->fault == ESIM_OK ? size : 0;
}

/*
** Retry-After in either form of RFC 9110 section 10.2.3, in seconds. A date is
** held against the answer's own Date where it has one: our clock may be wrong.
*/
static double retry_after(const esim_answer *a) {
  double seconds = esim_schedule_seconds(a->after);
  if (seconds >= 0 || a->after[0] == '\0')
    return seconds;
  time_t then = curl_getdate(a->after, NULL);
  time_t now = curl_getdate(a->date, NULL);
  if (then < 0)
    return -1;
  return fmax(difftime(then, now < 0 ? time(NULL) : now), 0);
}

/* Slots. */

static void free_slot(esim_slot *s) {
  curl_easy_cleanup(s->easy);
  free(s);
}

/*
** A handle that was taken off the wire keeps its buffer, and after
** curl_easy_reset() believes it of the default size, which is larger. Such a one
** refuses to be told the size, and must not be used.
*/
static bool sized(esim_slot *s) {
  return curl_easy_setopt(s->easy, CURLOPT_BUFFERSIZE, BUFFER) == CURLE_OK;
}

static bool renew(esim_slot *s) {
  curl_easy_cleanup(s->easy);
  s->easy = curl_easy_init();
  return s->easy != NULL && sized(s);
}

static esim_slot *take_slot(esim_wire *w) {
  esim_slot *s = w->idle;
  if (s != NULL) {
    w->idle = s->next;
    w->idle_count--;
  } else {
    s = calloc(1, sizeof *s);
  }
  if (s == NULL)
    return NULL;
  s->wire = w;
  if ((s->easy == NULL || !sized(s)) && !renew(s)) {
    free_slot(s);
    return NULL;
  }
  return s;
}

static void list_flying(esim_wire *w, esim_slot *s) {
  s->previous = NULL;
  s->next = w->flying;
  if (s->next != NULL)
    s->next->previous = s;
  w->flying = s;
}

static void unlist_flying(esim_wire *w, esim_slot *s) {
  if (s->previous != NULL)
    s->previous->next = s->next;
  else
    w->flying = s->next;
  if (s->next != NULL)
    s->next->previous = s->previous;
}

static void give_slot(esim_wire *w, esim_slot *s) {
  unlist_flying(w, s);
  s->exchange->slot = NULL;
  s->exchange = NULL;
  curl_easy_reset(s->easy);  /* it points at what the exchange owned */
  if (w->idle_count == POOLED) {
    free_slot(s);
    return;
  }
  s->next = w->idle;
  w->idle = s;
  w->idle_count++;
}

static struct curl_slist *make_lines(esim_slot *s) {
  const esim_exchange *x = s->exchange;
  for (unsigned i = 0; i < x->line_count; i++) {
    s->lines[i].data = (char *)x->lines[i];  /* libcurl only reads it */
    s->lines[i].next = i + 1 < x->line_count ? &s->lines[i + 1] : NULL;
  }
  return x->line_count > 0 ? s->lines : NULL;
}

/* Each of these returns 0 when libcurl took every option. */
#define SET(option, value) \
  (failed |= curl_easy_setopt(s->easy, CURLOPT_##option, value) != CURLE_OK)

static int set_request(esim_slot *s) {
  const esim_exchange *x = s->exchange;
  int failed = 0;
  SET(URL, x->url);
  SET(HTTPHEADER, make_lines(s));
  SET(TIMEOUT_MS, (long)fmin(fmax(1, ceil(x->timeout * 1000)), INT_MAX));
  if (x->body != NULL) {
    SET(POST, 1L);
    SET(POSTFIELDSIZE_LARGE, (curl_off_t)x->body_size);
    SET(POSTFIELDS, x->body);
  }
  if (strcmp(x->method, x->body != NULL ? "POST" : "GET") != 0)
    SET(CUSTOMREQUEST, x->method);
  return failed;
}

static int set_trust(esim_slot *s) {
  const esim_trust *t = s->exchange->trust;
  int failed = 0;
  SET(SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
  if (t->ca_file != NULL) {
    SET(CAINFO, t->ca_file);
    SET(CAPATH, NULL);
  } else if (curl_version_info(CURLVERSION_NOW)->cainfo != NULL) {
    SET(CAPATH, NULL);  /* with a path libcurl parses the store each time */
  }
  if (t->client_cert != NULL)
    SET(SSLCERT, t->client_cert);
  if (t->client_key != NULL)
    SET(SSLKEY, t->client_key);
  return failed;
}

static int set_manners(esim_slot *s) {
  int failed = 0;
  /* Without PREREQFUNCTION an order must have nothing to begin again on. */
  bool fresh = s->wire->stained || (s->exchange->once && !TELLS_BEGIN);
  SET(PRIVATE, s);
  SET(ERRORBUFFER, s->error);
  SET(NOSIGNAL, 1L);
  SET(FOLLOWLOCATION, 0L);
  SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
  /* Without TLS it would wait for the first answer, to learn that it is HTTP/1. */
  SET(PIPEWAIT, (long)(strncasecmp(s->exchange->url, "https:", 6) == 0));
#if LIBCURL_VERSION_NUM >= 0x075700
  SET(QUICK_EXIT, 1L);  /* or a cancel waits for a slow name look-up */
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
  SET(PROTOCOLS_STR, "http,https");
#else
  SET(PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
#if TELLS_BEGIN
  SET(PREREQFUNCTION, on_begin);
  SET(PREREQDATA, s);
#endif
  if (s->exchange->once)
    SET(MAXAGE_CONN, KEPT);
  SET(FRESH_CONNECT, (long)fresh);
  if (s->exchange->loopback)
    SET(PROXY, "");
  return failed;
}

static int set_callbacks(esim_slot *s) {
  int failed = 0;
  SET(WRITEFUNCTION, on_body);
  SET(WRITEDATA, s);
  SET(HEADERFUNCTION, on_header);
  SET(HEADERDATA, s);
  SET(OPENSOCKETFUNCTION, open_socket);
  SET(OPENSOCKETDATA, s->wire);
  SET(CLOSESOCKETFUNCTION, close_socket);
  SET(CLOSESOCKETDATA, s->wire);
  return failed;
}

/* The end of an exchange. */

static esim_fault fault_of(CURLcode code, const esim_slot *s) {
  if (s->fault != ESIM_OK)
    return s->fault;
  switch (code) {
    case CURLE_OK: return ESIM_OK;
    case CURLE_UNSUPPORTED_PROTOCOL:  /* an answer of HTTP/0.9 */
      return was_sent(s) ? ESIM_GARBLED : ESIM_URL;
    case CURLE_URL_MALFORMAT: return ESIM_URL;
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST: return ESIM_RESOLVE;
    case CURLE_COULDNT_CONNECT: return ESIM_CONNECT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_INITFAILED:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS: return ESIM_TLS;
    case CURLE_OPERATION_TIMEDOUT: return ESIM_LATE;
    case CURLE_WEIRD_SERVER_REPLY:
    case CURLE_BAD_CONTENT_ENCODING: return ESIM_GARBLED;
    case CURLE_OUT_OF_MEMORY: return ESIM_MEMORY;
    default: return ESIM_CUT;
  }
}

static void append_done(esim_wire *w, esim_exchange *x) {
  x->next = NULL;
  *w->done_end = x;
  w->done_end = &x->next;
}

static void finish(esim_wire *w, esim_slot *s, CURLcode code) {
  esim_exchange *x = s->exchange;
  w->stained = w->stained || code == CURLE_OUT_OF_MEMORY;
  esim_answer *a = &x->answer;
  a->fault = fault_of(code, s);
  a->sent = was_sent(s);
  a->retry_after = retry_after(a);
  curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &a->http);
  if (a->fault != ESIM_OK) {
    const char *words = s->error[0] ? s->error : curl_easy_strerror(code);
    size_t size = strnlen(words, sizeof a->detail - 1);
    memcpy(a->detail, words, size);
    a->detail[size] = '\0';
  }
  curl_multi_remove_handle(w->multi, s->easy);
  give_slot(w, s);
  append_done(w, x);
}

static void fail(esim_wire *w, esim_exchange *x, esim_fault fault) {
  x->answer.fault = fault;
  append_done(w, x);
}

static void collect(esim_wire *w) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(w->multi, &left)) != NULL) {
    char *slot;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
    finish(w, (esim_slot *)(void *)slot, code);
  }
}

/* The wire. */

static bool open_multi(esim_wire *w) {
  w->multi = curl_multi_init();
  return w->multi != NULL &&
         !curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, w->kept) &&
         !curl_multi_setopt(w->multi, CURLMOPT_SOCKETFUNCTION, on_socket) &&
         !curl_multi_setopt(w->multi, CURLMOPT_SOCKETDATA, w) &&
         !curl_multi_setopt(w->multi, CURLMOPT_TIMERFUNCTION, on_timer) &&
         !curl_multi_setopt(w->multi, CURLMOPT_TIMERDATA, w);
}

esim_wire *esim_wire_open(esim_fault *fault) {
  esim_wire *w = calloc(1, sizeof *w);
  *fault = ESIM_MEMORY;
  if (w == NULL)
    return NULL;
  w->timer = INFINITY;
  w->done_end = &w->done;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    free(w);
    return NULL;
  }
  w->poller = esim_poller_open();
  if (w->poller == NULL || !open_multi(w)) {
    *fault = w->poller == NULL ? ESIM_SYSTEM : ESIM_MEMORY;
    esim_wire_close(w);
    return NULL;
  }
  *fault = ESIM_OK;
  return w;
}

void esim_wire_close(esim_wire *w) {
  while (w->idle != NULL) {
    esim_slot *s = w->idle;
    w->idle = s->next;
    free_slot(s);
  }
  curl_multi_cleanup(w->multi);
  if (w->poller != NULL)
    esim_poller_close(w->poller);
  curl_global_cleanup();
  free(w);
}

void esim_wire_keep(esim_wire *w, long connections) {
  w->kept = connections;
  curl_multi_setopt(w->multi, CURLMOPT_MAXCONNECTS, connections);
}

void esim_wire_start(esim_wire *w, esim_exchange *x) {
  esim_answer_reset(&x->answer);
  esim_slot *s = x->slot = take_slot(w);
  if (s == NULL) {
    fail(w, x, ESIM_MEMORY);
    return;
  }
  list_flying(w, s);
  s->exchange = x;
  s->error[0] = '\0';
  s->fault = ESIM_OK;
  s->begun = false;
  s->before = 0;
  if (w->broken || set_manners(s) || set_callbacks(s) || set_trust(s) ||
      set_request(s) ||
      curl_multi_add_handle(w->multi, s->easy) != CURLM_OK) {
    give_slot(w, s);
    fail(w, x, ESIM_MEMORY);
  }
}

void esim_wire_expire(esim_wire *w, esim_exchange *x) {
  if (x->slot == NULL)
    return;
  w->stained = true;
  finish(w, x->slot, CURLE_OPERATION_TIMEDOUT);
}

void esim_wire_drop(esim_wire *w, esim_exchange *x) {
  esim_slot *s = x->slot;
  if (s != NULL) {
    curl_multi_remove_handle(w->multi, s->easy);
    give_slot(w, s);
    return;
  }
  for (esim_exchange **at = &w->done; *at != NULL; at = &(*at)->next)
    if (*at == x) {
      *at = x->next;
      if (w->done_end == &x->next)
        w->done_end = at;
      return;
    }
}

static void act(esim_wire *w, curl_socket_t fd, int what) {
  int running;
  if (!w->broken)
    w->broken = curl_multi_socket_action(w->multi, fd, what, &running);
}

/*
** Without memory libcurl keeps connections that were never finished, transfers
** whose sockets nobody watches, and tables that it trips over later. A new one
** takes its place; what is on the wire ends, each with what is known of it.
*/
static void start_over(esim_wire *w) {
  while (w->flying != NULL)
    finish(w, w->flying, CURLE_OUT_OF_MEMORY);
  curl_multi_cleanup(w->multi);
  w->timer = INFINITY;
  w->broken = !open_multi(w);
  w->stained = w->broken;
}

static void run_timer(esim_wire *w) {
  if (w->timer > esim_clock())
    return;
  w->timer = INFINITY;
  act(w, CURL_SOCKET_TIMEOUT, 0);
}

static void serve(esim_wire *w, const esim_ready *ready) {
  int what = (ready->what & ESIM_READABLE ? CURL_CSELECT_IN : 0) |
             (ready->what & ESIM_WRITABLE ? CURL_CSELECT_OUT : 0) |
             (ready->broken ? CURL_CSELECT_ERR : 0);
  act(w, ready->fd, what);
}

/* `seconds`, or less when libcurl wants to be called before. */
static double until_timer(const esim_wire *w, double seconds) {
  if (w->done != NULL)
    return 0;
  if (w->timer == INFINITY && !w->broken)
    return seconds;
  double left = w->broken ? PAUSE : fmax(w->timer - esim_clock(), 0);
  return seconds < 0 ? left : fmin(left, seconds);
}

bool esim_wire_step(esim_wire *w, double seconds) {
  esim_ready ready[READY];
  run_timer(w);
  collect(w);
  int count = esim_poller_wait(w->poller, until_timer(w, seconds), ready,
                               READY);
  for (int i = 0; i < count; i++)
    serve(w, &ready[i]);
  run_timer(w);
  collect(w);
  if (w->broken || (w->stained && w->flying == NULL))
    start_over(w);
  return count >= 0;
}

esim_exchange *esim_wire_done(esim_wire *w) {
  esim_exchange *x = w->done;
  if (x == NULL)
    return NULL;
  w->done = x->next;
  if (w->done == NULL)
    w->done_end = &w->done;
  return x;
}

esim_poller *esim_wire_poller(const esim_wire *w) {
  return w->poller;
}

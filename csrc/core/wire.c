#include "wire.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "lull.h"
#include "slot.h"

#define READY 64   /* descriptors served at a time */
#define PAUSE 0.01 /* seconds before another libcurl is asked for */
#define POOLED 64  /* idle handles kept, or as many as idle connections */

/*
** libcurl looks for an idle connection among all that it has to a host, one
** after the other. So that it has few to look at, those of a site are divided
** among several of its multi handles: each takes WIDTH exchanges of a site at a
** time, the last one what is left. One is used where all before it are full:
** there are no more connections than in one handle, and with up to WIDTH at a
** time there is but that one.
*/
#define WIDTH 16

typedef struct lane {
  CURLM *multi;
  struct esim_wire *wire;
} lane;

struct esim_wire {
  lane lanes[ESIM_LANES];
  double timers[ESIM_LANES];  /* when libcurl wants to be called; INFINITY */
  unsigned lane_count;    /* that are used */
  esim_poller *poller;
  esim_sockets sockets;   /* the poller's, for libcurl */
  bool broken;            /* libcurl failed: it is to be replaced at once */
  bool stained;           /* it had no memory: when nothing is on the wire */
  long kept;              /* idle connections */
  esim_slot *idle, *flying;
  int idle_count, flying_count;
  unsigned unbegun;       /* of those flying, that are yet to be written */
  esim_lull lull;
  esim_exchange *done, **done_end;
};

/* What libcurl tells of its sockets and of time. */

static unsigned number_of(const lane *l) {
  return (unsigned)(l - l->wire->lanes);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *in,
                     void *data) {
  (void)easy, (void)data;
  const lane *l = in;
  int interest = (what & CURL_POLL_IN ? ESIM_READABLE : 0) |
                 (what & CURL_POLL_OUT ? ESIM_WRITABLE : 0);
  if (what == CURL_POLL_REMOVE)
    interest = 0;
  esim_poller_watch(l->wire->poller, fd, interest, number_of(l));
  return 0;
}

static int on_timer(CURLM *multi, long milliseconds, void *in) {
  (void)multi;
  const lane *l = in;
  l->wire->timers[number_of(l)] =
      milliseconds < 0 ? INFINITY : esim_clock() + (double)milliseconds / 1000;
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

/* Slots. */

static esim_slot *take_slot(esim_wire *w, const esim_site *site) {
  esim_slot *s = w->idle;
  if (s == NULL)
    return esim_slot_open();
  w->idle = s->next;
  w->idle_count--;
  if (esim_slot_renew(s, site))
    return s;
  esim_slot_close(s);
  return NULL;
}

static void list_flying(esim_wire *w, esim_slot *s) {
  s->unbegun = &w->unbegun;
  w->unbegun++;
  s->previous = NULL;
  s->next = w->flying;
  if (s->next != NULL)
    s->next->previous = s;
  w->flying = s;
  w->flying_count++;
}

static void unlist_flying(esim_wire *w, esim_slot *s) {
  if (s->previous != NULL)
    s->previous->next = s->next;
  else
    w->flying = s->next;
  if (s->next != NULL)
    s->next->previous = s->previous;
  w->flying_count--;
  if (!s->begun)
    w->unbegun--;
}

static void give_slot(esim_wire *w, esim_slot *s) {
  unlist_flying(w, s);
  s->exchange->site->flying[s->lane]--;
  s->exchange->slot = NULL;
  esim_slot_unload(s);
  if (w->idle_count >= POOLED && w->idle_count >= w->kept) {
    esim_slot_close(s);
    return;
  }
  s->next = w->idle;
  w->idle = s;
  w->idle_count++;
}

/* The end of an exchange. */

static void append_done(esim_wire *w, esim_exchange *x) {
  x->next = NULL;
  *w->done_end = x;
  w->done_end = &x->next;
}

static void finish(esim_wire *w, esim_slot *s, CURLcode code) {
  esim_exchange *x = s->exchange;
  w->stained = w->stained || code == CURLE_OUT_OF_MEMORY;
  esim_lull_learn(&w->lull, esim_clock() - x->begun);
  esim_slot_tell(s, code);
  curl_multi_remove_handle(w->lanes[s->lane].multi, s->easy);
  give_slot(w, s);
  append_done(w, x);
}

static void fail(esim_wire *w, esim_exchange *x, esim_fault fault) {
  x->answer.fault = fault;
  append_done(w, x);
}

static void collect(esim_wire *w, const lane *l) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(l->multi, &left)) != NULL) {
    char *slot;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &slot);
    finish(w, (esim_slot *)(void *)slot, code);
  }
}

/* The wire. */

/* One more lane; false: no memory. */
static bool open_lane(esim_wire *w) {
  lane *l = &w->lanes[w->lane_count];
  CURLM *m = curl_multi_init();
  *l = (lane){ m, w };
  w->timers[w->lane_count] = INFINITY;
  if (m == NULL || curl_multi_setopt(m, CURLMOPT_MAXCONNECTS, w->kept) ||
      curl_multi_setopt(m, CURLMOPT_SOCKETFUNCTION, on_socket) ||
      curl_multi_setopt(m, CURLMOPT_SOCKETDATA, l) ||
      curl_multi_setopt(m, CURLMOPT_TIMERFUNCTION, on_timer) ||
      curl_multi_setopt(m, CURLMOPT_TIMERDATA, l)) {
    curl_multi_cleanup(m);
    l->multi = NULL;
    return false;
  }
  w->lane_count++;
  return true;
}

static void close_lanes(esim_wire *w) {
  while (w->lane_count > 0)
    curl_multi_cleanup(w->lanes[--w->lane_count].multi);
}

/* The first one that has room for an exchange of `site`, or has to have. */
static unsigned lane_for(esim_wire *w, const esim_site *site) {
  unsigned i = 0;
  while (i < ESIM_LANES - 1 && site->flying[i] >= WIDTH)
    i++;
  if (i < w->lane_count || open_lane(w))
    return i;
  return w->lane_count > 0 ? w->lane_count - 1 : 0;
}

/*
** OpenSSL, where libcurl is built on it, would clean itself up at the exit,
** also while another thread is just setting it up, and the process crashes or
** hangs in it. Where nobody has used it before us it is told to leave that to
** the end of the process (OPENSSL_INIT_NO_ATEXIT).
*/
void esim_wire_prepare(void) {
  int (*init)(uint64_t options, const void *settings);
  void *symbol = dlsym(RTLD_DEFAULT, "OPENSSL_init_crypto");
  memcpy(&init, &symbol, sizeof symbol);
  if (symbol != NULL)
    init(0x00080000, NULL);
}

esim_wire *esim_wire_open(esim_fault *fault) {
  esim_wire *w = calloc(1, sizeof *w);
  *fault = ESIM_MEMORY;
  if (w == NULL)
    return NULL;
  w->sockets = (esim_sockets){ open_socket, close_socket, w };
  w->done_end = &w->done;
  if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
    free(w);
    return NULL;
  }
  w->poller = esim_poller_open();
  if (w->poller == NULL || !open_lane(w)) {
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
    esim_slot_close(s);
  }
  close_lanes(w);
  if (w->poller != NULL)
    esim_poller_close(w->poller);
  curl_global_cleanup();
  free(w);
}

void esim_wire_keep(esim_wire *w, long connections) {
  w->kept = connections;
  for (unsigned i = 0; i < w->lane_count; i++)
    curl_multi_setopt(w->lanes[i].multi, CURLMOPT_MAXCONNECTS, connections);
}

void esim_wire_adopt(esim_site *site) {
  memset(site->flying, 0, sizeof site->flying);
}

void esim_wire_start(esim_wire *w, esim_exchange *x) {
  esim_answer_reset(&x->answer);
  x->timing = (esim_timing){ -1, -1, -1, -1, 0, 0, 0, false, 0 };
  x->begun = esim_clock();
  esim_slot *s = x->slot = take_slot(w, x->site);
  if (s == NULL) {
    fail(w, x, ESIM_MEMORY);
    return;
  }
  list_flying(w, s);
  s->lane = lane_for(w, x->site);
  x->site->flying[s->lane]++;
  if (!esim_slot_load(s, x, &w->sockets, w->stained) || w->broken ||
      curl_multi_add_handle(w->lanes[s->lane].multi, s->easy) != CURLM_OK) {
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
    esim_slot_measure(s);
    curl_multi_remove_handle(w->lanes[s->lane].multi, s->easy);
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

/* Let a lane's libcurl go on, and take what it has finished. */
static void act(esim_wire *w, const lane *l, curl_socket_t fd, int what) {
  int running;
  if (!w->broken)
    w->broken = curl_multi_socket_action(l->multi, fd, what, &running);
  collect(w, l);
}

/*
** Without memory libcurl keeps connections that were never finished, transfers
** whose sockets nobody watches, and tables that it trips over later. A new lane
** takes the place of all; what is on the wire ends, each with what is known of
** it.
*/
static void start_over(esim_wire *w) {
  while (w->flying != NULL)
    finish(w, w->flying, CURLE_OUT_OF_MEMORY);
  close_lanes(w);
  w->broken = !open_lane(w);
  w->stained = w->broken;
}

static void run_timers(esim_wire *w) {
  double now = esim_clock();
  for (unsigned i = 0; i < w->lane_count; i++) {
    if (w->timers[i] > now)
      continue;
    w->timers[i] = INFINITY;
    act(w, &w->lanes[i], CURL_SOCKET_TIMEOUT, 0);
  }
}

static void serve(esim_wire *w, const esim_ready *ready) {
  int what = (ready->what & ESIM_READABLE ? CURL_CSELECT_IN : 0) |
             (ready->what & ESIM_WRITABLE ? CURL_CSELECT_OUT : 0) |
             (ready->broken ? CURL_CSELECT_ERR : 0);
  if (ready->owner < w->lane_count)
    act(w, &w->lanes[ready->owner], ready->fd, what);
}

/* esim_clock() when libcurl wants to be called, or INFINITY. */
static double next_timer(const esim_wire *w) {
  double timer = INFINITY;
  for (unsigned i = 0; i < w->lane_count; i++)
    timer = w->timers[i] < timer ? w->timers[i] : timer;
  return timer;
}

/* `seconds`, or less when libcurl wants to be called before. */
static double until_timer(const esim_wire *w, double timer, double seconds) {
  if (w->done != NULL)
    return 0;
  if (timer == INFINITY && !w->broken)
    return seconds;
  double left = w->broken ? PAUSE : fmax(timer - esim_clock(), 0);
  return seconds < 0 ? left : fmin(left, seconds);
}

/*
** Hear what the sockets have, waiting `seconds` at most, and take all that has
** come. False: a signal came.
*/
static bool hear(esim_wire *w, double seconds) {
  esim_ready ready[READY];
  int count, most = w->flying_count;
  bool more;
  do {
    count = esim_poller_wait(w->poller, seconds, ready, READY, &more);
    w->lull.heard = esim_clock();
    for (int i = 0; i < count; i++)
      serve(w, &ready[i]);
    most -= count;
    seconds = 0;
  } while (more && most > 0 && !w->broken);
  return count >= 0;
}

bool esim_wire_step(esim_wire *w, double seconds) {
  run_timers(w);
  double timer = next_timer(w);
  double limit = until_timer(w, timer, seconds);
  double rest = esim_lull_left(&w->lull, w->flying_count, w->unbegun, timer,
                               esim_clock());
  bool quiet = true;
  if (rest > 0) {
    quiet = esim_poller_rest(w->poller, limit < 0 ? rest : fmin(limit, rest));
    limit = 0;  /* whatever ended it: what has come in time is in time */
  }
  quiet = hear(w, limit) && quiet;
  run_timers(w);
  if (w->broken || (w->stained && w->flying == NULL))
    start_over(w);
  return quiet;
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

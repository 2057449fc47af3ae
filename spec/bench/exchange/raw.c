/*
** The peer of the exchanges: what a C programmer would write for this load with
** libcurl alone. curl_multi_socket_action over epoll, handles and connections
** kept; URL, headers and time-out set for each request, the body kept and
** checked.
**
** raw URL WORK AT_ONCE SECONDS [CA_FILE [1.1|2]]
** WORK: "get" looks at one order again and again; "order" places one and looks
** every millisecond until it is completed. Prints requests, seconds, seconds of
** CPU of the whole process, microseconds of the median request.
*/
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#define WARM 0.3    /* seconds before it is counted */
#define SIZE 400    /* bytes of each answer */
#define PAUSE 0.001 /* seconds between looks at an order */
#define MOST 1024
#define TIMES 200000

typedef struct slot {
  CURL *easy;
  struct curl_slist *headers;
  char url[256], id[64], body[4096];
  size_t size;
  double began, due;
  struct slot *next;
} slot;

static const char *base, *ca_file, *version = "1.1";
static bool orders;
static CURLM *multi;
static int epoll;
static double timer = -1;    /* when libcurl wants to be called */
static slot slots[MOST];
static slot *waiting, **waiting_end = &waiting;
static unsigned long finished, serial;
static double times[TIMES];
static unsigned timed;
static bool measuring, ending;
static unsigned flying;

static const char input[] =
  "{\"input\":{\"operationType\":\"NEW_ESIM\",\"countryCode\":\"PT\","
  "\"customer\":{\"email\":\"traveller@example.com\"},"
  "\"device\":{\"id\":\"1\",\"type\":\"ios\"},"
  "\"subscriptions\":[{\"product_id\":\"cm9k\"}]}}";

static void fail(const char *what) {
  fprintf(stderr, "raw: %s\n", what);
  exit(1);
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double cpu(void) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
         (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

/* What libcurl calls. */

static size_t on_body(char *bytes, size_t one, size_t size, void *data) {
  (void)one;
  slot *s = data;
  if (s->size + size >= sizeof s->body)
    return 0;
  memcpy(s->body + s->size, bytes, size);
  s->size += size;
  return size;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *data,
                     void *known) {
  (void)easy, (void)data;
  struct epoll_event event = { .data.fd = fd };
  event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) |
                 (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
  if (what == CURL_POLL_REMOVE) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, fd, &event);
  } else if (known != NULL) {
    epoll_ctl(epoll, EPOLL_CTL_MOD, fd, &event);
  } else {
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(multi, fd, &epoll);
  }
  return 0;
}

static int on_timer(CURLM *m, long milliseconds, void *data) {
  (void)m, (void)data;
  timer = milliseconds < 0 ? -1 : now() + (double)milliseconds * 1e-3;
  return 0;
}

/* Requests. */

static void set_once(slot *s) {
  s->easy = curl_easy_init();
  curl_easy_setopt(s->easy, CURLOPT_PRIVATE, s);
  curl_easy_setopt(s->easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(s->easy, CURLOPT_WRITEDATA, s);
  curl_easy_setopt(s->easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(s->easy, CURLOPT_PIPEWAIT, (long)(ca_file != NULL));
  curl_easy_setopt(s->easy, CURLOPT_CAINFO, ca_file);
  curl_easy_setopt(s->easy, CURLOPT_CAPATH, NULL);
  curl_easy_setopt(s->easy, CURLOPT_HTTP_VERSION,
                   strcmp(version, "2") == 0 ? (long)CURL_HTTP_VERSION_2TLS
                                             : (long)CURL_HTTP_VERSION_1_1);
}

/* One list for an order and its looks. */
static void make_headers(slot *s) {
  char line[80];
  curl_slist_free_all(s->headers);
  s->headers = curl_slist_append(NULL, "Accept: application/json");
  curl_slist_append(s->headers, "Cache-Control: no-cache");
  curl_slist_append(s->headers, "Content-Type: application/json");
  snprintf(line, sizeof line,
           "X-Correlation-ID: 00000000-0000-4000-8000-%012lx", serial++);
  curl_slist_append(s->headers, line);
  curl_slist_append(s->headers, "Authorization: Bearer token");
}

static void start(slot *s) {
  bool places = orders && s->id[0] == '\0';
  if (places || s->headers == NULL)
    make_headers(s);
  s->size = 0;
  s->began = now();
  snprintf(s->url, sizeof s->url, "%s/v1/order%s%s", base, places ? "" : "/",
           s->id);
  curl_easy_setopt(s->easy, CURLOPT_URL, s->url);
  curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, s->headers);
  curl_easy_setopt(s->easy, CURLOPT_TIMEOUT_MS, 30000L);
  if (places) {
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE, (long)sizeof input - 1);
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, input);
  } else {
    curl_easy_setopt(s->easy, CURLOPT_HTTPGET, 1L);
  }
  if (curl_multi_add_handle(multi, s->easy) != CURLM_OK)
    fail("it cannot be added");
  flying++;
}

static void wait_a_little(slot *s) {
  s->due = now() + PAUSE;
  s->next = NULL;
  *waiting_end = s;
  waiting_end = &s->next;
}

/* After a look, or after an order: what comes next for this slot. */
static void go_on(slot *s) {
  s->body[s->size] = '\0';
  if (!orders) {
    start(s);
  } else if (s->id[0] == '\0') {
    const char *id = strstr(s->body, "\"id\":\"");
    if (id == NULL || sscanf(id + 6, "%63[^\"]", s->id) != 1)
      fail("no id");
    wait_a_little(s);
  } else if (strstr(s->body, "\"status\":\"COMPLETED\"") != NULL) {
    s->id[0] = '\0';
    start(s);
  } else {
    wait_a_little(s);
  }
}

static void check(const slot *s, CURLcode code) {
  long status = 0;
  curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
  if (code != CURLE_OK)
    fail(curl_easy_strerror(code));
  if (status != 200 || s->size != SIZE || memcmp(s->body, "{\"id\":\"", 7) != 0)
    fail("not the answer");
}

static void collect(void) {
  CURLMsg *message;
  int left;
  while ((message = curl_multi_info_read(multi, &left)) != NULL) {
    char *data;
    CURLcode code = message->data.result;
    curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &data);
    slot *s = (slot *)(void *)data;
    check(s, code);
    curl_multi_remove_handle(multi, s->easy);
    flying--;
    finished++;
    if (measuring && timed < TIMES)
      times[timed++] = now() - s->began;
    if (!ending)
      go_on(s);
  }
}

/* The loop. */

static int limit(void) {
  double due = timer;
  if (waiting != NULL && (due < 0 || waiting->due < due))
    due = waiting->due;
  if (due < 0)
    return 1000;
  double left = due - now();
  return left <= 0 ? 0 : (int)(left * 1000) + 1;
}

static void wake_waiting(void) {
  double at = now();
  while (waiting != NULL && waiting->due <= at) {
    slot *s = waiting;
    waiting = s->next;
    if (waiting == NULL)
      waiting_end = &waiting;
    if (!ending)
      start(s);
  }
}

static void step(void) {
  struct epoll_event events[64];
  int running, count = epoll_wait(epoll, events, 64, limit());
  for (int i = 0; i < count; i++) {
    int what = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
               (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
               (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR
                                                         : 0);
    curl_multi_socket_action(multi, events[i].data.fd, what, &running);
  }
  if (timer >= 0 && timer <= now()) {
    timer = -1;
    curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
  }
  collect();
  wake_waiting();
}

static void run_for(double seconds) {
  double until = now() + seconds;
  while (now() < until)
    step();
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void measure(double seconds) {
  run_for(WARM);
  unsigned long before = finished;
  double cpu_before = cpu(), at = now();
  measuring = true;
  run_for(seconds);
  double took = now() - at, spent = cpu() - cpu_before;
  unsigned long done = finished - before;
  qsort(times, timed, sizeof *times, by_size);
  printf("%lu %.6f %.6f %.2f\n", done, took, spent,
         timed > 0 ? times[timed / 2] * 1e6 : 0);
}

int main(int count, char **args) {
  if (count < 5 || atoi(args[3]) > MOST)
    fail("raw URL WORK AT_ONCE SECONDS [CA_FILE [1.1|2]]");
  base = args[1];
  orders = strcmp(args[2], "order") == 0;
  int at_once = atoi(args[3]);
  ca_file = count > 5 ? args[5] : NULL;
  version = count > 6 ? args[6] : version;
  curl_global_init(CURL_GLOBAL_DEFAULT);
  multi = curl_multi_init();
  epoll = epoll_create1(0);
  curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
  curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
  curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)at_once);
  for (int i = 0; i < at_once; i++) {
    set_once(&slots[i]);
    strcpy(slots[i].id, orders ? "" : "id");
    start(&slots[i]);
  }
  measure(atof(args[4]));
  ending = true;
  while (flying > 0)
    step();
  return 0;
}

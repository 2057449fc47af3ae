#include "slot.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "schedule.h"

#define BUFFER 4096L  /* bytes that are read at a time */

/*
** Seconds of idleness after which an order takes no kept connection: one that
** the server is about to close would leave its outcome unknown. Servers close
** after 5 s and more.
*/
#define KEPT 3L
#define KEPT_DEFAULT 118L  /* libcurl's own */

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
  if (was_sent(s))
    s->resent++;
  else
    s->before = written(s);
  if (!s->begun)
    --*s->unbegun;
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

/* Birth and death. */

/*
** A handle may keep its buffer, such as one that was taken off the wire, and
** then believes it of the default size, which is larger, after
** curl_easy_reset(). It refuses to be told the size, and must not be used.
*/
static bool sized(esim_slot *s) {
  return curl_easy_setopt(s->easy, CURLOPT_BUFFERSIZE, BUFFER) == CURLE_OK;
}

static void undress(esim_slot *s) {
  curl_easy_reset(s->easy);
  s->site = 0;
  s->located = s->posted = s->named = false;
}

static bool make_handle(esim_slot *s) {
  curl_easy_cleanup(s->easy);
  s->easy = curl_easy_init();
  return s->easy != NULL && sized(s);
}

bool esim_slot_renew(esim_slot *s, const esim_site *site) {
  if (s->site == site->serial)
    return true;
  undress(s);
  return sized(s) || make_handle(s);
}

esim_slot *esim_slot_open(void) {
  esim_slot *s = calloc(1, sizeof *s);
  if (s == NULL || make_handle(s))
    return s;
  esim_slot_close(s);
  return NULL;
}

void esim_slot_close(esim_slot *s) {
  curl_easy_cleanup(s->easy);
  curl_url_cleanup(s->url);
  free(s);
}

/* What libcurl is told. */

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

/* Nothing that libcurl reads otherwise in a path than in a URL. */
static bool is_plain(const char *path) {
  static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                              "abcdefghijklmnopqrstuvwxyz0123456789/-_~.";
  return path[0] == '/' && path[strspn(path, plain)] == '\0' &&
         strstr(path, "/.") == NULL;
}

/*
** Of a URL that libcurl has taken apart only the path is told: it need not take
** the whole apart each time.
*/
static int set_url(esim_slot *s) {
  const esim_exchange *x = s->exchange;
  const char *path = x->url + x->site->origin;
  int failed = 0;
  if (x->site->origin == 0 || !is_plain(path)) {
    s->located = false;
    SET(CURLU, NULL);
    SET(URL, x->url);
    return failed;
  }
  if (!s->located) {
    s->url = s->url != NULL ? s->url : curl_url();
    failed = s->url == NULL || curl_url_set(s->url, CURLUPART_URL, x->url, 0);
    SET(CURLU, s->url);
  } else {
    failed = curl_url_set(s->url, CURLUPART_PATH, path, 0) != CURLUE_OK;
  }
  s->located = !failed;
  return failed;
}

static int set_body(esim_slot *s) {
  const esim_exchange *x = s->exchange;
  int failed = 0;
  if (x->body != NULL) {
    SET(POST, 1L);
    SET(POSTFIELDSIZE_LARGE, (curl_off_t)x->body_size);
    SET(POSTFIELDS, x->body);
  } else if (s->posted) {
    SET(HTTPGET, 1L);
  }
  s->posted = x->body != NULL;
  bool named = strcmp(x->method, x->body != NULL ? "POST" : "GET") != 0;
  if (named || s->named)
    SET(CUSTOMREQUEST, named ? x->method : NULL);
  s->named = named;
  return failed;
}

static int set_request(esim_slot *s, bool fresh) {
  const esim_exchange *x = s->exchange;
  int failed = 0;
  SET(HTTPHEADER, make_lines(s));
  SET(TIMEOUT_MS, (long)fmin(fmax(1, ceil(x->timeout * 1000)), INT_MAX));
  SET(MAXAGE_CONN, x->once ? KEPT : KEPT_DEFAULT);
  /* Without PREREQFUNCTION an order must have nothing to begin again on. */
  SET(FRESH_CONNECT, (long)(fresh || (x->once && !TELLS_BEGIN)));
  return failed || set_url(s) || set_body(s);
}

static int set_trust(esim_slot *s) {
  const esim_trust *t = &s->exchange->site->trust;
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
  SET(PRIVATE, s);
  SET(ERRORBUFFER, s->error);
  SET(NOSIGNAL, 1L);
  SET(FOLLOWLOCATION, 0L);
  /*
  ** No HTTP/2: the end of a connection that many exchanges share leaves each
  ** order on it unknown, libcurl sends again what the server has refused, and
  ** libcurl 7.88 was seen to give one exchange the answer to another where some
  ** connections to a host were HTTP/2 and some were not.
  */
  SET(HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
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
  SET(PATH_AS_IS, 1L);  /* an order's id may be ".." */
  if (s->exchange->site->loopback) {
    SET(PROXY, "");
    SET(NOPROXY, "*");  /* or the environment is asked each time */
  }
  return failed;
}

static int set_callbacks(esim_slot *s, const esim_sockets *sockets) {
  int failed = 0;
  SET(WRITEFUNCTION, on_body);
  SET(WRITEDATA, s);
  SET(HEADERFUNCTION, on_header);
  SET(HEADERDATA, s);
  SET(OPENSOCKETFUNCTION, sockets->open);
  SET(OPENSOCKETDATA, sockets->data);
  SET(CLOSESOCKETFUNCTION, sockets->close);
  SET(CLOSESOCKETDATA, sockets->data);
  return failed;
}

/* Tell it all that the exchanges of a site have in common. */
static int dress(esim_slot *s, const esim_sockets *sockets) {
  if (s->site == s->exchange->site->serial)
    return 0;
  if (set_manners(s) || set_callbacks(s, sockets) || set_trust(s))
    return 1;
  s->site = s->exchange->site->serial;
  return 0;
}

bool esim_slot_load(esim_slot *s, esim_exchange *x,
                    const esim_sockets *sockets, bool fresh) {
  s->exchange = x;
  s->error[0] = '\0';
  s->fault = ESIM_OK;
  s->spent = true;
  s->begun = false;
  s->resent = 0;
  s->before = 0;
  return !(dress(s, sockets) || set_request(s, fresh));
}

/* It must not keep pointing at what the exchange owned. */
void esim_slot_unload(esim_slot *s) {
  s->exchange = NULL;
  curl_easy_setopt(s->easy, CURLOPT_HTTPHEADER, NULL);
  if (s->posted)
    curl_easy_setopt(s->easy, CURLOPT_POSTFIELDS, NULL);
  if (s->spent)
    undress(s);
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

/* Not before `least`: where libcurl began anew it adds up some of its times. */
static double moment(const esim_slot *s, CURLINFO what, double least) {
  curl_off_t microseconds = 0;
  curl_easy_getinfo(s->easy, what, &microseconds);
  return microseconds > 0 ? fmax((double)microseconds / 1e6, least) : -1;
}

static double count(const esim_slot *s, CURLINFO what) {
  curl_off_t bytes = 0;
  curl_easy_getinfo(s->easy, what, &bytes);
  return (double)bytes;
}

/* The request's size holds a small body, which went with it. */
static double bytes_sent(const esim_slot *s) {
  double all = (double)written(s), body = count(s, CURLINFO_SIZE_UPLOAD_T);
  return body < all ? all : all + body;
}

static bool was_kept(const esim_slot *s) {
  long made = 0;
  curl_easy_getinfo(s->easy, CURLINFO_NUM_CONNECTS, &made);
  return made == 0 && (s->begun || (!TELLS_BEGIN && written(s) > 0));
}

/* libcurl's own total is late where the exchange was broken off. */
void esim_slot_measure(esim_slot *s) {
  esim_exchange *x = s->exchange;
  esim_timing *t = &x->timing;
  if (!x->timed)
    return;
  if (!was_kept(s)) {
    t->dns = moment(s, CURLINFO_NAMELOOKUP_TIME_T, 0);
    t->connect = moment(s, CURLINFO_CONNECT_TIME_T, t->dns);
    t->tls = moment(s, CURLINFO_APPCONNECT_TIME_T, t->connect);
  }
  double before = fmax(t->tls, fmax(t->connect, t->dns));
  if (x->answer.headers > 0)
    t->first_byte = moment(s, CURLINFO_STARTTRANSFER_TIME_T, before);
  t->total = fmax(esim_clock() - x->begun, fmax(t->first_byte, before));
  t->bytes_sent = bytes_sent(s);
  t->bytes_received = (double)x->answer.headers +
                      count(s, CURLINFO_SIZE_DOWNLOAD_T);
  t->sent = was_sent(s);
  t->resent = s->resent;
}

void esim_slot_tell(esim_slot *s, CURLcode code) {
  esim_answer *a = &s->exchange->answer;
  esim_slot_measure(s);
  a->fault = fault_of(code, s);
  s->spent = a->fault != ESIM_OK;
  a->sent = was_sent(s);
  a->retry_after = retry_after(a);
  curl_easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &a->http);
  if (a->fault == ESIM_OK)
    return;
  const char *words = s->error[0] ? s->error : curl_easy_strerror(code);
  size_t size = strnlen(words, sizeof a->detail - 1);
  memcpy(a->detail, words, size);
  a->detail[size] = '\0';
}

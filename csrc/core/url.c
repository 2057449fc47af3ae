#include "url.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/*
** A host as libcurl reads it: what it accepts is what it connects to. Four
** numbers in full: what is no address, such as 127.300.1.1, is a name to it.
*/
static bool is_loopback(const char *host) {
  struct in_addr address;
  return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
         (inet_pton(AF_INET, host, &address) == 1 &&
          ntohl(address.s_addr) >> 24 == 127);
}

static bool has_part(CURLU *url, CURLUPart part) {
  char *text = NULL;
  bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return has;
}

static esim_fault judge(CURLU *url, const char *text, bool allow_http,
                        bool *loopback) {
  char *scheme = NULL, *host = NULL;
  CURLUcode code = curl_url_set(url, CURLUPART_URL, text, 0);
  if (code == CURLUE_OK)
    code = curl_url_get(url, CURLUPART_SCHEME, &scheme, 0);
  if (code == CURLUE_OK)
    code = curl_url_get(url, CURLUPART_HOST, &host, 0);
  /* To libcurl an empty query is none, and yet it would take the target. */
  bool good = code == CURLUE_OK && !has_part(url, CURLUPART_USER) &&
              !has_part(url, CURLUPART_PASSWORD) && strpbrk(text, "?#") == NULL;
  *loopback = good && is_loopback(host);
  if (good && strcmp(scheme, "https") != 0)
    good = strcmp(scheme, "http") == 0 && (*loopback || allow_http);
  curl_free(scheme);
  curl_free(host);
  return good ? ESIM_OK : code == CURLUE_OUT_OF_MEMORY ? ESIM_MEMORY : ESIM_URL;
}

esim_fault esim_url_check(const char *text, bool allow_http, bool *loopback) {
  CURLU *url = curl_url();
  if (url == NULL)
    return ESIM_MEMORY;
  esim_fault fault = judge(url, text, allow_http, loopback);
  curl_url_cleanup(url);
  return fault;
}

/* libcurl reads one slash or three where two belong: those are left to it. */
size_t esim_url_origin(const char *url) {
  const char *host = strstr(url, "://");
  if (host == NULL || host[3] == '/')
    return 0;
  return (size_t)(host + 3 - url) + strcspn(host + 3, "/");
}

/* Visible ASCII: all else is percent-encoded. */
bool esim_url_clean(const char *text) {
  for (; *text != '\0'; text++)
    if (*text <= ' ' || *text > '~')
      return false;
  return true;
}

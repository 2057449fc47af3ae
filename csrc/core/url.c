#include "url.h"

#include <curl/curl.h>
#include <string.h>
#include <strings.h>

/* A host as libcurl reads it: what it accepts is what it connects to. */
static bool is_loopback(const char *host) {
  return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
         (strncmp(host, "127.", 4) == 0 &&
          strspn(host, "0123456789.") == strlen(host));
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
  bool good = code == CURLUE_OK && !has_part(url, CURLUPART_USER) &&
              !has_part(url, CURLUPART_PASSWORD) &&
              !has_part(url, CURLUPART_QUERY) &&
              !has_part(url, CURLUPART_FRAGMENT);
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

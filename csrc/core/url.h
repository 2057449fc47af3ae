#ifndef ESIM_URL_H
#define ESIM_URL_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/*
** Whether `url` can be used: https, or http to a loopback address or where
** `allow_http`; no user name, query or fragment. It is read by libcurl's own
** parser, so that what is judged is what is connected to. *loopback: the host
** is this machine. ESIM_OK, ESIM_URL or ESIM_MEMORY.
*/
esim_fault esim_url_check(const char *url, bool allow_http, bool *loopback);

/*
** Bytes of the scheme, the host and the port at the beginning of `url`, which
** can be used; 0: they are not to be told apart.
*/
size_t esim_url_origin(const char *url);

/* Whether `text` may stand in a request's target (RFC 3986). */
bool esim_url_clean(const char *text);

#endif

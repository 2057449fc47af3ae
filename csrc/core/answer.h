#ifndef ESIM_ANSWER_H
#define ESIM_ANSWER_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

#define ESIM_BODY_MAX (1024 * 1024)  /* bytes of an answer's body */
#define ESIM_HEADERS_MAX (64 * 1024) /* bytes of its headers */
#define ESIM_PAGE_MAX 255            /* bytes of a name of a page */

/* X-Next-Page and X-Previous-Page, which few answers have; "": none. */
typedef struct esim_page_names {
  char next[ESIM_PAGE_MAX + 1];
  char previous[ESIM_PAGE_MAX + 1];
} esim_page_names;

/* What came back from one exchange, gathered piece by piece. */
typedef struct esim_answer {
  esim_fault fault;    /* ESIM_OK: `http` and the body are whole */
  long http;           /* status; 0: none came */
  bool sent;           /* a byte of the request was written */
  double retry_after;  /* seconds; negative: the provider named none */
  char *body;          /* `size` bytes, not terminated; or NULL */
  size_t size, room;
  size_t headers;      /* bytes of headers so far */
  char type[48];       /* the Content-Type, cut to fit; "": none */
  char date[40];       /* the Date and Retry-After headers, as they came */
  char after[40];
  esim_page_names *pages;  /* NULL: none */
  char detail[96];     /* on a fault, libcurl's words, cut to fit */
} esim_answer;

/* Make it empty: no answer yet. Nothing is freed. */
void esim_answer_reset(esim_answer *answer);

/* More of the body. ESIM_OK, ESIM_LARGE or ESIM_MEMORY. */
esim_fault esim_answer_append(esim_answer *answer, const char *bytes,
                              size_t size);

/*
** One more line of headers, the status line too. ESIM_OK, ESIM_MEMORY or
** ESIM_LARGE; so is the name of a page that does not fit: half of it would be
** another page.
*/
esim_fault esim_answer_header(esim_answer *answer, const char *line,
                              size_t size);

/* Free what it holds, the body wiped: it may hold an activation code. */
void esim_answer_clear(esim_answer *answer);

#endif

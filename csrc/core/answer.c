#include "answer.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROOM_MIN 512

void esim_answer_reset(esim_answer *a) {
  memset(a, 0, sizeof *a);
  a->retry_after = -1;
}

static void free_body(esim_answer *a) {
  if (a->body != NULL) {
    explicit_bzero(a->body, a->size);
    free(a->body);
  }
  a->body = NULL;
  a->size = a->room = 0;
}

/* Not realloc(), which would leave a copy of an activation code behind. */
static bool grow(esim_answer *a, size_t needed) {
  size_t room = a->room < ROOM_MIN ? ROOM_MIN : a->room;
  while (room < needed)
    room *= 2;
  char *grown = malloc(room);
  if (grown == NULL)
    return false;
  size_t size = a->size;
  if (size > 0)
    memcpy(grown, a->body, size);
  free_body(a);
  a->body = grown;
  a->size = size;
  a->room = room;
  return true;
}

esim_fault esim_answer_append(esim_answer *a, const char *bytes, size_t size) {
  if (size > ESIM_BODY_MAX - a->size)
    return ESIM_LARGE;
  if (size > a->room - a->size && !grow(a, a->size + size))
    return ESIM_MEMORY;
  memcpy(a->body + a->size, bytes, size);
  a->size += size;
  return ESIM_OK;
}

/*
** Copy the value of header `name`, trimmed and cut to fit, if it is `line`.
** False: it was cut.
*/
static bool take_value(const char *line, size_t size, const char *name,
                       char *value, size_t room) {
  size_t length = strlen(name);
  if (size <= length || strncasecmp(line, name, length) != 0)
    return true;
  line += length, size -= length;
  while (size > 0 && (*line == ' ' || *line == '\t'))
    line++, size--;
  while (size > 0 && memchr(" \t\r\n", line[size - 1], 4) != NULL)
    size--;
  bool fits = size < room;
  if (!fits)
    size = room - 1;
  memcpy(value, line, size);
  value[size] = '\0';
  return fits;
}

static esim_fault take_page(esim_answer *a, const char *line, size_t size) {
  if (size < 3 || strchr("NnPp", line[2]) == NULL)
    return ESIM_OK;
  if (a->pages == NULL)
    a->pages = calloc(1, sizeof *a->pages);
  if (a->pages == NULL)
    return ESIM_MEMORY;
  esim_page_names *p = a->pages;
  bool whole = take_value(line, size, "X-Next-Page:", p->next, sizeof p->next);
  whole &= take_value(line, size, "X-Previous-Page:", p->previous,
                      sizeof p->previous);
  return whole ? ESIM_OK : ESIM_LARGE;
}

/* By the first letter: most lines are none that we know. */
static esim_fault take_line(esim_answer *a, const char *line, size_t size) {
  switch (*line) {
    case 'C': case 'c':
      take_value(line, size, "Content-Type:", a->type, sizeof a->type);
      return ESIM_OK;
    case 'D': case 'd':
      take_value(line, size, "Date:", a->date, sizeof a->date);
      return ESIM_OK;
    case 'R': case 'r':
      take_value(line, size, "Retry-After:", a->after, sizeof a->after);
      return ESIM_OK;
    case 'X': case 'x':
      return take_page(a, line, size);
    default:
      return ESIM_OK;
  }
}

static void free_pages(esim_answer *a) {
  free(a->pages);
  a->pages = NULL;
}

esim_fault esim_answer_header(esim_answer *a, const char *line, size_t size) {
  a->headers += size;
  if (a->headers > ESIM_HEADERS_MAX)
    return ESIM_LARGE;
  if (size > 5 && memcmp(line, "HTTP/", 5) == 0) {  /* once more, after a 1xx */
    a->type[0] = a->date[0] = a->after[0] = '\0';
    free_pages(a);
  }
  return size == 0 ? ESIM_OK : take_line(a, line, size);
}

void esim_answer_clear(esim_answer *a) {
  free_body(a);
  free_pages(a);
}

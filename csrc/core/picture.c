#include "picture.h"

#include <stdlib.h>
#include <string.h>

#define ROOM_MIN 4096  /* enough for each picture of an activation code */

void esim_picture_close(esim_picture *p) {
  if (p->bytes != NULL)
    explicit_bzero(p->bytes, p->size);
  free(p->bytes);
  *p = (esim_picture){ 0 };
}

bool esim_picture_reserve(esim_picture *p, size_t size) {
  if (size <= p->room - p->size)
    return true;
  size_t room = p->room < ROOM_MIN ? ROOM_MIN : p->room;
  while (room - p->size < size)
    room *= 2;
  char *grown = malloc(room);
  if (grown == NULL)
    return false;
  size_t had = p->size;
  if (had > 0)
    memcpy(grown, p->bytes, had);
  esim_picture_close(p);
  *p = (esim_picture){ grown, had, room };
  return true;
}

bool esim_picture_append(esim_picture *p, const char *bytes, size_t size) {
  if (!esim_picture_reserve(p, size))
    return false;
  memcpy(p->bytes + p->size, bytes, size);
  p->size += size;
  return true;
}

bool esim_picture_append_text(esim_picture *p, const char *text) {
  return esim_picture_append(p, text, strlen(text));
}

esim_fault esim_picture_ended(esim_picture *p, bool good) {
  if (good)
    return ESIM_OK;
  esim_picture_close(p);
  return ESIM_MEMORY;
}

bool esim_picture_fits(const esim_symbol *s, int scale, int margin) {
  return scale >= 1 && scale <= ESIM_SIDE_MAX && margin >= 0 &&
         margin <= ESIM_SIDE_MAX &&
         (long)(s->size + 2 * margin) * scale <= ESIM_SIDE_MAX;
}

bool esim_ink_is_plain(esim_ink ink) {
  return ink.dark == ESIM_BLACK && ink.light == ESIM_WHITE;
}

char *esim_put_text(char *to, const char *text) {
  size_t size = strlen(text);
  memcpy(to, text, size);
  return to + size;
}

char *esim_put_number(char *to, int number) {
  char digits[12];
  int count = 0;
  if (number < 10) {  /* most are */
    *to = (char)('0' + number);
    return to + 1;
  }
  do {
    digits[count++] = (char)('0' + number % 10);
  } while ((number /= 10) > 0);
  while (count > 0)
    *to++ = digits[--count];
  return to;
}

char *esim_put_colour(char *to, unsigned colour) {
  *to++ = '#';
  for (int shift = 20; shift >= 0; shift -= 4)
    *to++ = "0123456789abcdef"[colour >> shift & 15];
  return to;
}

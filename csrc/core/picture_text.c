#include <stdio.h>
#include <string.h>

#include "picture.h"

/* The upper half block is the upper module, its ground the lower. */

#define SIDE_MAX 177  /* modules of version 40 */
#define COLOURS 48    /* bytes of a line's colours, at most */
#define AS_BEFORE "\033[0m\n"

#define BLOCK 3  /* bytes of a half block, at most */

/* Two columns of two modules: upper and lower left, upper and lower right. */
typedef struct pair {
  char text[2 * BLOCK + 2];  /* 8 bytes to copy, of which some count */
  int size;
} pair;

#define U "\xe2\x96\x80"
#define L "\xe2\x96\x84"
#define B "\xe2\x96\x88"

static const pair pairs[16] = {
  { "  ", 2 }, { " " L, 4 }, { " " U, 4 }, { " " B, 4 },
  { L " ", 4 }, { L L, 6 }, { L U, 6 }, { L B, 6 },
  { U " ", 4 }, { U L, 6 }, { U U, 6 }, { U B, 6 },
  { B " ", 4 }, { B L, 6 }, { B U, 6 }, { B B, 6 }
};

#undef U
#undef L
#undef B

/* A row of modules, which may be margin. */
static const unsigned char *row_at(const esim_symbol *s, int y) {
  static const unsigned char light[SIDE_MAX];
  return y < 0 || y >= s->size ? light : s->modules + y * s->size;
}

static char *put_light(char *to, int modules) {
  memset(to, ' ', (size_t)modules);
  return to + modules;
}

static char *put_pair(char *to, int left, int right) {
  const pair *p = &pairs[left << 2 | right];
  memcpy(to, p->text, sizeof p->text);
  return to + p->size;
}

/* Rows `y` and the next, which may be margin, at `to`; where they end. */
static char *draw_blocks(const esim_symbol *s, int y, int margin, char *to) {
  const unsigned char *upper = row_at(s, y), *lower = row_at(s, y + 1);
  int left = 0;
  to = put_light(to, margin);
  for (int x = 0; x < s->size; x++) {
    int here = (upper[x] & ESIM_DARK) << 1 | (lower[x] & ESIM_DARK);
    if (x % 2 == 1)
      to = put_pair(to, left, here);
    left = here;
  }
  to = put_pair(to, left, 0) - 1;  /* a side is odd, and 0 one space */
  return put_light(to, margin);
}

/* The colours of a line: black and white by number, others by 24 bits. */
static void choose(char colours[COLOURS], bool invert, esim_ink ink) {
  unsigned ahead = invert ? ink.light : ink.dark;
  unsigned behind = invert ? ink.dark : ink.light;
  if (esim_ink_is_plain(ink))
    snprintf(colours, COLOURS, "\033[38;5;%d;48;5;%dm", invert ? 231 : 16,
             invert ? 16 : 231);
  else
    snprintf(colours, COLOURS, "\033[38;2;%u;%u;%u;48;2;%u;%u;%um",
             ahead >> 16, ahead >> 8 & 255, ahead & 255, behind >> 16,
             behind >> 8 & 255, behind & 255);
}

esim_fault esim_picture_text(const esim_symbol *s, int margin, bool invert,
                             esim_ink ink, esim_picture *p) {
  char colours[COLOURS];
  if (!esim_picture_fits(s, 1, margin))
    return ESIM_SIZE;
  choose(colours, invert, ink);
  size_t most = (size_t)(s->size + 2 * margin + 2) * BLOCK + COLOURS +
                strlen(AS_BEFORE);
  for (int y = -margin; y < s->size + margin; y += 2) {
    if (!esim_picture_reserve(p, most))
      return esim_picture_ended(p, false);
    char *to = esim_put_text(p->bytes + p->size, colours);
    to = esim_put_text(draw_blocks(s, y, margin, to), AS_BEFORE);
    p->size = (size_t)(to - p->bytes);
  }
  return esim_picture_ended(p, true);
}

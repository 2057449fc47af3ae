#include "picture.h"

#include <string.h>

#define STEP 24   /* bytes of a run in a path, at most */
#define HEAD 320  /* bytes before the path, at most, without two sides */

/* The pen's way over `light` modules to a run of `dark` ones. */
static char *put_run(char *to, int light, int dark) {
  if (light < 10 && dark < 10) {  /* nearly always */
    memcpy(to, "m_ 0h_", 6);
    to[1] = (char)('0' + light);
    to[5] = (char)('0' + dark);
    return to + 6;
  }
  to = esim_put_number(esim_put_text(to, "m"), light);
  return esim_put_number(esim_put_text(to, " 0h"), dark);
}

/* The first run of a row, which begins at (x, y + 1/2). */
static char *put_first(char *to, int x, int y, int dark) {
  *to++ = 'M';
  to = esim_put_number(to, x);
  *to++ = ' ';
  to = esim_put_number(to, y);
  to = esim_put_text(to, ".5h");
  return esim_put_number(to, dark);
}

/* A row of the path, at `to`; where it ends. */
static char *draw_line(const esim_symbol *s, int y, int margin, char *to) {
  int at_x = -1;  /* where the pen is in this row */
  for (int x = 0; x < s->size; x++) {
    int run = esim_symbol_run(s, x, y);
    if (run == 0)
      continue;
    to = at_x < 0 ? put_first(to, x + margin, y + margin, run)
                  : put_run(to, x - at_x, run);
    at_x = x += run;
  }
  return to;
}

static bool draw_path(const esim_symbol *s, int margin, esim_picture *p) {
  for (int y = 0; y < s->size; y++) {
    if (!esim_picture_reserve(p, (size_t)(s->size / 2 + 1) * STEP))
      return false;
    char *end = draw_line(s, y, margin, p->bytes + p->size);
    p->size = (size_t)(end - p->bytes);
  }
  return true;
}

static bool append_sides(esim_picture *p, const char *side) {
  return side == NULL || (esim_picture_append_text(p, " width=\"") &&
                          esim_picture_append_text(p, side) &&
                          esim_picture_append_text(p, "\" height=\"") &&
                          esim_picture_append_text(p, side) &&
                          esim_picture_append_text(p, "\""));
}

/* The view, its ground, and the path's begin. */
static bool append_head(esim_picture *p, int box, esim_ink ink) {
  if (!esim_picture_reserve(p, HEAD))
    return false;
  char *to = esim_put_text(p->bytes + p->size, " viewBox=\"0 0 ");
  to = esim_put_number(to, box);
  *to++ = ' ';
  to = esim_put_number(to, box);
  to = esim_put_text(to, "\" shape-rendering=\"crispEdges\"><path fill=\"");
  to = esim_put_text(esim_put_colour(to, ink.light), "\" d=\"M0 0h");
  to = esim_put_number(esim_put_text(esim_put_number(to, box), "v"), box);
  to = esim_put_text(to, "H0z\"/><path stroke=\"");
  to = esim_put_text(esim_put_colour(to, ink.dark), "\" d=\"");
  p->size = (size_t)(to - p->bytes);
  return true;
}

esim_fault esim_picture_svg(const esim_symbol *s, int margin, const char *side,
                            esim_ink ink, esim_picture *p) {
  static const char start[] = "<svg xmlns=\"http://www.w3.org/2000/svg\"";
  if (!esim_picture_fits(s, 1, margin))
    return ESIM_SIZE;
  return esim_picture_ended(p, esim_picture_append_text(p, start) &&
                                   append_sides(p, side) &&
                                   append_head(p, s->size + 2 * margin, ink) &&
                                   draw_path(s, margin, p) &&
                                   esim_picture_append_text(p,
                                                            "\"/></svg>\n"));
}

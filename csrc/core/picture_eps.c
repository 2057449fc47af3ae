#include <stdio.h>

#include "picture.h"

#define STEP 20      /* bytes of a run, at most: three numbers and its name */
#define LINE 60      /* bytes of a line, from which on it ends */
#define MODULE 2000  /* thousandths of a point, where no side is wanted */

/*
** A run of `w` modules from (x, y) on becomes a rectangle of the one path that
** is filled at the end: rectangles filled each by itself have seams.
*/
#define PROLOGUE \
  "/r { moveto dup 0 rlineto 0 1 rlineto neg 0 rlineto closepath } bind def\n"

/* A colour as PostScript sets it; a grey stays one. */
static void write_colour(char *to, size_t room, unsigned colour) {
  unsigned r = colour >> 16, g = colour >> 8 & 255, b = colour & 255;
  if (r == g && g == b)
    snprintf(to, room, "%u 255 div setgray", r);
  else
    snprintf(to, room, "%u 255 div %u 255 div %u 255 div setrgbcolor", r, g, b);
}

/* The header, and the ground; y runs downwards then, in modules. */
static bool append_head(esim_picture *p, int box, int side, esim_ink ink) {
  char head[800], light[64], dark[64];
  int whole = (side + 999) / 1000;
  write_colour(light, sizeof light, ink.light);
  write_colour(dark, sizeof dark, ink.dark);
  snprintf(head, sizeof head,
           "%%!PS-Adobe-3.0 EPSF-3.0\n"
           "%%%%BoundingBox: 0 0 %d %d\n"
           "%%%%HiResBoundingBox: 0 0 %d.%03d %d.%03d\n"
           "%%%%LanguageLevel: 2\n%%%%EndComments\n" PROLOGUE
           "gsave\n%d %d 1000 mul div dup scale\n0 %d translate 1 -1 scale\n"
           "%s 0 0 %d %d rectfill\n%s newpath\n",
           whole, whole, side / 1000, side % 1000, side / 1000, side % 1000,
           side, box, box, light, box, box, dark);
  return esim_picture_append_text(p, head);
}

/* A run as its width, its place, and what draws it. */
static char *put_run(char *to, int x, int y, int width) {
  to = esim_put_number(to, width);
  *to++ = ' ';
  to = esim_put_number(to, x);
  *to++ = ' ';
  to = esim_put_number(to, y);
  return esim_put_text(to, " r");
}

/* The runs of row `y`, at `to`, in lines; where they end. */
static char *draw_line(const esim_symbol *s, int y, int margin, char *to) {
  char *begin = to;
  for (int x = 0; x < s->size; x++) {
    int run = esim_symbol_run(s, x, y);
    if (run == 0)
      continue;
    to = put_run(to, x + margin, y + margin, run);
    bool ends = to - begin > LINE;
    *to++ = ends ? '\n' : ' ';
    if (ends)
      begin = to;
    x += run;
  }
  *to++ = '\n';
  return to;
}

static bool draw_path(const esim_symbol *s, int margin, esim_picture *p) {
  for (int y = 0; y < s->size; y++) {
    if (!esim_picture_reserve(p, (size_t)(s->size / 2 + 1) * STEP + 1))
      return false;
    char *end = draw_line(s, y, margin, p->bytes + p->size);
    p->size = (size_t)(end - p->bytes);
  }
  return true;
}

esim_fault esim_picture_eps(const esim_symbol *s, int margin, int side,
                            esim_ink ink, esim_picture *p) {
  static const char foot[] = "fill\ngrestore\n%%EOF\n";
  if (!esim_picture_fits(s, 1, margin) || side < 0 || side > ESIM_EPS_MAX)
    return ESIM_SIZE;
  int box = s->size + 2 * margin;
  if (side == 0)
    side = box * MODULE;
  return esim_picture_ended(p, append_head(p, box, side, ink) &&
                                   draw_path(s, margin, p) &&
                                   esim_picture_append_text(p, foot));
}

#include "picture.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"

#define ROOM_MIN 4096  /* enough for each picture of an activation code */

/* What is drawn grows; old copies are wiped, for they are a code. */

void esim_picture_close(esim_picture *p) {
  if (p->bytes != NULL)
    explicit_bzero(p->bytes, p->size);
  free(p->bytes);
  *p = (esim_picture){ 0 };
}

static bool reserve(esim_picture *p, size_t size) {
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

static bool append(esim_picture *p, const char *bytes, size_t size) {
  if (!reserve(p, size))
    return false;
  memcpy(p->bytes + p->size, bytes, size);
  p->size += size;
  return true;
}

static bool append_text(esim_picture *p, const char *text) {
  return append(p, text, strlen(text));
}

static esim_fault ended(esim_picture *p, bool good) {
  if (good)
    return ESIM_OK;
  esim_picture_close(p);
  return ESIM_MEMORY;
}

/* Whether a side of `modules` and two margins at `scale` is drawn at all. */
static bool side_fits(const esim_symbol *s, int scale, int margin) {
  return scale >= 1 && scale <= ESIM_SIDE_MAX && margin >= 0 &&
         margin <= ESIM_SIDE_MAX &&
         (long)(s->size + 2 * margin) * scale <= ESIM_SIDE_MAX;
}

/* PNG. */

/*
** What zlib is to look back on (8 KB) and to keep in mind; with its own 256 KB
** the heap shrinks and grows again for each picture, which costs more than the
** picture. 8 KB are many rows of the largest.
*/
#define WINDOW 13
#define MEMORY 5

static void on_write(png_structp png, png_bytep bytes, png_size_t size) {
  if (!append(png_get_io_ptr(png), (const char *)bytes, size))
    png_error(png, "no memory");
}

static void on_flush(png_structp png) {
  (void)png;
}

static void on_error(png_structp png, png_const_charp message) {
  (void)message;
  longjmp(png_jmpbuf(png), 1);
}

static void on_warning(png_structp png, png_const_charp message) {
  (void)png, (void)message;
}

/* Make the pixels `from` to before `to` dark. */
static void darken(unsigned char *row, int from, int to) {
  int first = from / 8, last = to / 8;
  unsigned char head = (unsigned char)(0xff >> from % 8);
  unsigned char tail = (unsigned char)(0xff00 >> to % 8);
  if (first == last) {
    row[first] &= (unsigned char)~(head & tail);
    return;
  }
  row[first] &= (unsigned char)~head;
  memset(row + first + 1, 0, (size_t)(last - first - 1));
  if (tail != 0)
    row[last] &= (unsigned char)~tail;
}

/* The dark modules of row `y` from `x` on, which may be margin: how many. */
static int run_at(const esim_symbol *s, int x, int y) {
  const unsigned char *row = s->modules + y * s->size;
  int end = x;
  while (end < s->size && row[end] & ESIM_DARK)
    end++;
  return end - x;
}

/* One row of pixels, 1 light; all modules of row `y`, which may be margin. */
static void draw_row(const esim_symbol *s, int y, int scale, int margin,
                     unsigned char *row, size_t size) {
  memset(row, 0xff, size);
  if (y < 0 || y >= s->size)
    return;
  for (int x = 0; x < s->size; x++) {
    int run = run_at(s, x, y), from = (x + margin) * scale;
    if (run > 0)
      darken(row, from, from + run * scale);
    x += run;
  }
}

static void write_rows(png_structp png, const esim_symbol *s, int scale,
                       int margin, unsigned char *row, size_t size) {
  for (int y = -margin; y < s->size + margin; y++) {
    draw_row(s, y, scale, margin, row, size);
    for (int i = 0; i < scale; i++)
      png_write_row(png, row);
  }
}

/* libpng jumps out of its errors: nothing here is acquired behind its back. */
static bool write_png(png_structp png, png_infop info, const esim_symbol *s,
                      int scale, int margin, unsigned char *row,
                      esim_picture *p) {
  png_uint_32 side = (png_uint_32)((s->size + 2 * margin) * scale);
  if (setjmp(png_jmpbuf(png)))
    return false;
  png_set_write_fn(png, p, on_write, on_flush);
  png_set_compression_level(png, 1);
  png_set_compression_window_bits(png, WINDOW);
  png_set_compression_mem_level(png, MEMORY);
  png_set_filter(png, 0, PNG_FILTER_NONE);
  png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  write_rows(png, s, scale, margin, row, (side + 7) / 8);
  png_write_end(png, info);
  return true;
}

esim_fault esim_picture_png(const esim_symbol *s, int scale, int margin,
                            esim_picture *p) {
  if (!side_fits(s, scale, margin))
    return ESIM_SIZE;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL,
                                            on_error, on_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  unsigned char *row = malloc((size_t)(s->size + 2 * margin) *
                              (size_t)scale / 8 + 1);
  bool good = info != NULL && row != NULL &&
              write_png(png, info, s, scale, margin, row, p);
  free(row);
  png_destroy_write_struct(&png, &info);
  return ended(p, good);
}

/* SVG. */

static char *put_text(char *to, const char *text) {
  while (*text != '\0')
    *to++ = *text++;
  return to;
}

static char *put_number(char *to, int number) {
  char digits[12];
  int count = 0;
  do {
    digits[count++] = (char)('0' + number % 10);
  } while ((number /= 10) > 0);
  while (count > 0)
    *to++ = digits[--count];
  return to;
}

#define STEP 24  /* bytes of a run in a path, at most */

/* A row of the path, at `to`; where it ends. */
static char *draw_line(const esim_symbol *s, int y, int margin, char *to) {
  int at_x = -1;  /* where the pen is in this row */
  for (int x = 0; x < s->size; x++) {
    int run = run_at(s, x, y);
    if (run == 0)
      continue;
    to = put_text(to, at_x < 0 ? "M" : "m");
    to = put_number(to, at_x < 0 ? x + margin : x - at_x);
    to = put_text(to, " ");
    to = put_number(to, at_x < 0 ? y + margin : 0);
    to = put_number(put_text(to, at_x < 0 ? ".5h" : "h"), run);
    at_x = x += run;
  }
  return to;
}

static bool draw_path(const esim_symbol *s, int margin, esim_picture *p) {
  for (int y = 0; y < s->size; y++) {
    if (!reserve(p, (size_t)(s->size / 2 + 1) * STEP))
      return false;
    char *end = draw_line(s, y, margin, p->bytes + p->size);
    p->size = (size_t)(end - p->bytes);
  }
  return true;
}

esim_fault esim_picture_svg(const esim_symbol *s, int margin, int side,
                            esim_picture *p) {
  char head[320], fixed[64] = "";
  if (!side_fits(s, 1, margin) || side < 0 || side > ESIM_SIDE_MAX)
    return ESIM_SIZE;
  int box = s->size + 2 * margin;
  if (side > 0)
    snprintf(fixed, sizeof fixed, " width=\"%d\" height=\"%d\"", side, side);
  snprintf(head, sizeof head,
           "<svg xmlns=\"http://www.w3.org/2000/svg\"%s viewBox=\"0 0 %d %d\" "
           "shape-rendering=\"crispEdges\"><path fill=\"#fff\" "
           "d=\"M0 0h%dv%dH0z\"/><path stroke=\"#000\" d=\"",
           fixed, box, box, box, box);
  return ended(p, append_text(p, head) && draw_path(s, margin, p) &&
                      append_text(p, "\"/></svg>\n"));
}

/* Text: the upper half block is the upper module, its ground the lower. */

#define DARK_ON_LIGHT "\033[38;5;16;48;5;231m"
#define LIGHT_ON_DARK "\033[38;5;231;48;5;16m"
#define AS_BEFORE "\033[0m\n"

#define BLOCK 3  /* bytes of a half block, at most */

/* Rows `y` and the next, which may be margin, at `to`; where they end. */
static char *draw_blocks(const esim_symbol *s, int y, int margin, char *to) {
  static const char blocks[4][BLOCK + 1] = { " ", "\xe2\x96\x84",
                                             "\xe2\x96\x80",
                                             "\xe2\x96\x88" };
  for (int x = -margin; x < s->size + margin; x++) {
    int which = esim_symbol_at(s, x, y) * 2 + esim_symbol_at(s, x, y + 1);
    memcpy(to, blocks[which], BLOCK);
    to += which == 0 ? 1 : BLOCK;
  }
  return to;
}

esim_fault esim_picture_text(const esim_symbol *s, int margin, bool invert,
                             esim_picture *p) {
  const char *colours = invert ? LIGHT_ON_DARK : DARK_ON_LIGHT;
  if (!side_fits(s, 1, margin))
    return ESIM_SIZE;
  size_t most = (size_t)(s->size + 2 * margin) * BLOCK + strlen(colours) +
                strlen(AS_BEFORE);
  for (int y = -margin; y < s->size + margin; y += 2) {
    if (!reserve(p, most))
      return ended(p, false);
    char *to = put_text(p->bytes + p->size, colours);
    to = put_text(draw_blocks(s, y, margin, to), AS_BEFORE);
    p->size = (size_t)(to - p->bytes);
  }
  return ended(p, true);
}

/* data: URI. */

static bool append_base64(esim_picture *p, const char *bytes, size_t size) {
  size_t length = ESIM_BASE64_SIZE(size);
  if (!reserve(p, length))
    return false;
  esim_base64(bytes, size, p->bytes + p->size);
  p->size += length;
  return true;
}

esim_fault esim_picture_data_uri(const esim_symbol *s, int scale, int margin,
                                 esim_picture *p) {
  esim_picture png = { 0 };
  esim_fault fault = esim_picture_png(s, scale, margin, &png);
  if (fault != ESIM_OK)
    return fault;
  bool good = append_text(p, "data:image/png;base64,") &&
              append_base64(p, png.bytes, png.size);
  esim_picture_close(&png);
  return ended(p, good);
}

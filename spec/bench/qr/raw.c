/*
** The peer of the codes: libqrencode, and what a C programmer would write on
** top of it with libpng. raw WORK TEXT SECONDS; WORK: "symbol" or "png", one
** bit a pixel, 8 pixels a module, a quiet zone of 4 modules, the fastest
** compression; "kept": the same, and malloc keeps its heap, which else shrinks
** and grows with each picture. Prints codes, seconds, seconds of CPU.
*/
#include <malloc.h>
#include <png.h>
#include <qrencode.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define WARM 0.2
#define SCALE 8
#define MARGIN 4

typedef struct buffer {
  char bytes[65536];
  size_t size;
} buffer;

static void fail(const char *what) {
  fprintf(stderr, "raw: %s\n", what);
  exit(1);
}

static double seconds_of(clockid_t which) {
  struct timespec t;
  clock_gettime(which, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void on_write(png_structp png, png_bytep bytes, png_size_t size) {
  buffer *b = png_get_io_ptr(png);
  if (size > sizeof b->bytes - b->size)
    png_error(png, "too large");
  memcpy(b->bytes + b->size, bytes, size);
  b->size += size;
}

static void draw_row(const QRcode *code, int y, png_byte *row, size_t size) {
  memset(row, 0xff, size);
  if (y < 0 || y >= code->width)
    return;
  for (int x = 0; x < code->width; x++)
    if (code->data[y * code->width + x] & 1)
      row[MARGIN + x] = 0;  /* a module is a byte wide */
}

static void write_png(const QRcode *code, buffer *b) {
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL,
                                            NULL);
  png_infop info = png_create_info_struct(png);
  int modules = code->width + 2 * MARGIN;
  png_byte *row = malloc((size_t)modules);
  if (setjmp(png_jmpbuf(png)))
    fail("libpng");
  b->size = 0;
  png_set_write_fn(png, b, on_write, NULL);
  png_set_compression_level(png, 1);
  png_set_filter(png, 0, PNG_FILTER_NONE);
  png_set_IHDR(png, info, (png_uint_32)(modules * SCALE),
               (png_uint_32)(modules * SCALE), 1, PNG_COLOR_TYPE_GRAY,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = -MARGIN; y < code->width + MARGIN; y++) {
    draw_row(code, y, row, (size_t)modules);
    for (int i = 0; i < SCALE; i++)
      png_write_row(png, row);
  }
  png_write_end(png, info);
  free(row);
  png_destroy_write_struct(&png, &info);
}

static void make(const char *text, int picture) {
  static buffer b;
  QRcode *code = QRcode_encodeString8bit(text, 0, QR_ECLEVEL_Q);
  if (code == NULL)
    fail("no code");
  if (picture)
    write_png(code, &b);
  QRcode_free(code);
}

static unsigned long make_for(double seconds, const char *text, int picture) {
  double until = seconds_of(CLOCK_MONOTONIC) + seconds;
  unsigned long count = 0;
  do {
    make(text, picture);
    count++;
  } while (seconds_of(CLOCK_MONOTONIC) < until);
  return count;
}

int main(int count, char **args) {
  if (count != 4)
    fail("raw WORK TEXT SECONDS");
  int kept = strcmp(args[1], "kept") == 0;
  int picture = kept || strcmp(args[1], "png") == 0;
  if (kept)
    mallopt(M_TRIM_THRESHOLD, 64 << 20);
  make_for(WARM, args[2], picture);
  double at = seconds_of(CLOCK_MONOTONIC);
  double cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
  unsigned long made = make_for(atof(args[3]), args[2], picture);
  printf("%lu %.6f %.6f\n", made, seconds_of(CLOCK_MONOTONIC) - at,
         seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu);
  return 0;
}

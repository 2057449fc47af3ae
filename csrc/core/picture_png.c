#include <png.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include "base64.h"
#include "picture.h"

/*
** What zlib is to look back on (8 KB) and to keep in mind; with its own 256 KB
** the heap shrinks and grows again for each picture, which costs more than the
** picture. 8 KB are many rows of the largest.
*/
#define WINDOW 13
#define MEMORY 5

/* How it is drawn, in one piece: libpng jumps over what it is called from. */
typedef struct drawing {
  const esim_symbol *symbol;
  int scale, margin, per_metre;
  esim_ink ink;
  unsigned char *row;  /* of pixels, 1 light */
  size_t size;         /* bytes of a row */
} drawing;

static void on_write(png_structp png, png_bytep bytes, png_size_t size) {
  if (!esim_picture_append(png_get_io_ptr(png), (const char *)bytes, size))
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

/* The row of pixels of row `y`, which may be margin. */
static void draw_row(const drawing *d, int y) {
  const esim_symbol *s = d->symbol;
  memset(d->row, 0xff, d->size);
  if (y < 0 || y >= s->size)
    return;
  for (int x = 0; x < s->size; x++) {
    int run = esim_symbol_run(s, x, y), from = (x + d->margin) * d->scale;
    if (run > 0)
      darken(d->row, from, from + run * d->scale);
    x += run;
  }
}

static void write_rows(png_structp png, const drawing *d) {
  for (int y = -d->margin; y < d->symbol->size + d->margin; y++) {
    draw_row(d, y);
    for (int i = 0; i < d->scale; i++)
      png_write_row(png, d->row);
  }
}

static png_color entry_of(unsigned colour) {
  return (png_color){ .red = (png_byte)(colour >> 16),
                      .green = (png_byte)(colour >> 8),
                      .blue = (png_byte)colour };
}

static void write_head(png_structp png, png_infop info, const drawing *d) {
  png_uint_32 side = (png_uint_32)((d->symbol->size + 2 * d->margin) *
                                   d->scale);
  bool plain = esim_ink_is_plain(d->ink);
  png_set_IHDR(png, info, side, side, 1,
               plain ? PNG_COLOR_TYPE_GRAY : PNG_COLOR_TYPE_PALETTE,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  if (!plain) {
    png_color palette[] = { entry_of(d->ink.dark), entry_of(d->ink.light) };
    png_set_PLTE(png, info, palette, 2);
  }
  if (d->per_metre > 0)
    png_set_pHYs(png, info, (png_uint_32)d->per_metre,
                 (png_uint_32)d->per_metre, PNG_RESOLUTION_METER);
  png_write_info(png, info);
}

/* libpng jumps out of its errors: nothing here is acquired behind its back. */
static bool write_png(png_structp png, png_infop info, const drawing *d,
                      esim_picture *p) {
  if (setjmp(png_jmpbuf(png)))
    return false;
  png_set_write_fn(png, p, on_write, on_flush);
  png_set_compression_level(png, 1);
  png_set_compression_window_bits(png, WINDOW);
  png_set_compression_mem_level(png, MEMORY);
  png_set_filter(png, 0, PNG_FILTER_NONE);
  write_head(png, info, d);
  write_rows(png, d);
  png_write_end(png, info);
  return true;
}

esim_fault esim_picture_png(const esim_symbol *s, int scale, int margin,
                            int per_metre, esim_ink ink, esim_picture *p) {
  if (!esim_picture_fits(s, scale, margin))
    return ESIM_SIZE;
  size_t size = (size_t)((s->size + 2 * margin) * scale + 7) / 8;
  drawing d = { s, scale, margin, per_metre, ink, malloc(size), size };
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL,
                                            on_error, on_warning);
  png_infop info = png == NULL ? NULL : png_create_info_struct(png);
  bool good = info != NULL && d.row != NULL && write_png(png, info, &d, p);
  if (d.row != NULL)
    explicit_bzero(d.row, size);
  free(d.row);
  png_destroy_write_struct(&png, &info);
  return esim_picture_ended(p, good);
}

static bool append_base64(esim_picture *p, const char *bytes, size_t size) {
  size_t length = ESIM_BASE64_SIZE(size);
  if (!esim_picture_reserve(p, length))
    return false;
  esim_base64(bytes, size, p->bytes + p->size);
  p->size += length;
  return true;
}

esim_fault esim_picture_data_uri(const esim_symbol *s, int scale, int margin,
                                 int per_metre, esim_ink ink,
                                 esim_picture *p) {
  esim_picture png = { 0 };
  esim_fault fault = esim_picture_png(s, scale, margin, per_metre, ink, &png);
  if (fault != ESIM_OK)
    return fault;
  bool good = esim_picture_append_text(p, "data:image/png;base64,") &&
              append_base64(p, png.bytes, png.size);
  esim_picture_close(&png);
  return esim_picture_ended(p, good);
}

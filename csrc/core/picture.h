#ifndef ESIM_PICTURE_H
#define ESIM_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "symbol.h"

/* A symbol as something to look at: PNG, SVG, text for a terminal. */

#define ESIM_SIDE_MAX 4096  /* pixels, or modules, a side */

/* What was drawn; the caller frees it with esim_picture_close(). */
typedef struct esim_picture {
  char *bytes;  /* NULL: empty */
  size_t size, room;
} esim_picture;

void esim_picture_close(esim_picture *picture);

/*
** All of these fill an empty picture, dark on an opaque light ground, with a
** quiet zone of `margin` modules (ISO/IEC 18004 wants 4). ESIM_SIZE when a side
** would exceed ESIM_SIDE_MAX, before memory is taken; ESIM_MEMORY.
*/

/* PNG of 1 bit a pixel, `scale` pixels a module. */
esim_fault esim_picture_png(const esim_symbol *symbol, int scale, int margin,
                            esim_picture *picture);

/* SVG of one stroked path; `side`: a fixed size in pixels, 0: none. */
esim_fault esim_picture_svg(const esim_symbol *symbol, int margin, int side,
                            esim_picture *picture);

/*
** Two rows of modules in a line of half blocks, in colours of its own, so that
** it reads the same on dark and on light terminals; `invert` swaps them.
*/
esim_fault esim_picture_text(const esim_symbol *symbol, int margin, bool invert,
                             esim_picture *picture);

/* The PNG as a `data:` URI (RFC 2397). */
esim_fault esim_picture_data_uri(const esim_symbol *symbol, int scale,
                                 int margin, esim_picture *picture);

#endif

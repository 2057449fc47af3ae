#ifndef ESIM_PICTURE_H
#define ESIM_PICTURE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "symbol.h"

/* A symbol as something to look at: PNG, SVG, EPS, text for a terminal. */

#define ESIM_SIDE_MAX 4096     /* pixels, or modules, a side */
#define ESIM_EPS_MAX 10000000  /* thousandths of a point a side: 3.5 m */

/* What was drawn; the caller frees it with esim_picture_close(). */
typedef struct esim_picture {
  char *bytes;  /* NULL: empty */
  size_t size, room;
} esim_picture;

/* Colours, 0xrrggbb each; whoever chooses them sees to their contrast. */
typedef struct esim_ink {
  unsigned dark, light;
} esim_ink;

#define ESIM_BLACK 0u
#define ESIM_WHITE 0xffffffu

/* Free what was drawn, wiped: it is an activation code. */
void esim_picture_close(esim_picture *picture);

/*
** All of these fill an empty picture, dark on an opaque light ground, with a
** quiet zone of `margin` modules (ISO/IEC 18004 wants 4). ESIM_SIZE when a side
** would exceed ESIM_SIDE_MAX, before memory is taken; ESIM_MEMORY.
*/

/*
** PNG of 1 bit a pixel, `scale` pixels a module, to be printed at `per_metre`
** pixels a metre (0: it does not say); in other colours than black and white
** with a palette of two.
*/
esim_fault esim_picture_png(const esim_symbol *symbol, int scale, int margin,
                            int per_metre, esim_ink ink, esim_picture *picture);

/* The PNG as a `data:` URI (RFC 2397). */
esim_fault esim_picture_data_uri(const esim_symbol *symbol, int scale,
                                 int margin, int per_metre, esim_ink ink,
                                 esim_picture *picture);

/*
** SVG of one stroked path; `side`: its width and height, a number with or
** without a unit, which is written as it is; NULL: none.
*/
esim_fault esim_picture_svg(const esim_symbol *symbol, int margin,
                            const char *side, esim_ink ink,
                            esim_picture *picture);

/*
** Encapsulated PostScript of one filled path, `side` thousandths of a point a
** side, ESIM_EPS_MAX at most, or 2 points a module where that is 0. Greys are
** greys in it, for a press mixes black from four inks else.
*/
esim_fault esim_picture_eps(const esim_symbol *symbol, int margin, int side,
                            esim_ink ink, esim_picture *picture);

/*
** Two rows of modules in a line of half blocks, in colours of its own, so that
** it reads the same on dark and on light terminals; `invert` swaps them. Other
** colours than black and white need a terminal that knows 24 bits of them.
*/
esim_fault esim_picture_text(const esim_symbol *symbol, int margin, bool invert,
                             esim_ink ink, esim_picture *picture);

/* For those who draw: what they draw grows; old copies are wiped. */

/* Make room for `size` more bytes; false: there was no memory. */
bool esim_picture_reserve(esim_picture *picture, size_t size);

bool esim_picture_append(esim_picture *picture, const char *bytes, size_t size);
bool esim_picture_append_text(esim_picture *picture, const char *text);

/* What a drawing returns: ESIM_OK if `good`, else ESIM_MEMORY, and empties. */
esim_fault esim_picture_ended(esim_picture *picture, bool good);

/* Whether a side of the modules and two margins at `scale` is drawn at all. */
bool esim_picture_fits(const esim_symbol *symbol, int scale, int margin);

bool esim_ink_is_plain(esim_ink ink);  /* black on white? */

/* Put a text, or a number that is not negative, at `to`; where it ends. */
char *esim_put_text(char *to, const char *text);
char *esim_put_number(char *to, int number);
char *esim_put_colour(char *to, unsigned colour);  /* as #rrggbb */

#endif

#ifndef ESIM_SYMBOL_H
#define ESIM_SYMBOL_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

#define ESIM_DARK 1  /* of a module; its other bits say nothing */

/* A QR symbol (ISO/IEC 18004): text as modules. */
typedef struct esim_symbol {
  int size;                 /* modules a side, without the quiet zone */
  int version;              /* 1 to 40 */
  char level;               /* 'L', 'M', 'Q' or 'H' */
  unsigned char *modules;   /* size * size, row by row */
} esim_symbol;

/*
** Make a symbol of `size` bytes at error correction `level`; `boost`: at the
** strongest level that fits the same version. ESIM_NUL, ESIM_LEVEL,
** ESIM_CAPACITY or ESIM_MEMORY; then *symbol is empty.
*/
esim_fault esim_symbol_open(const char *text, size_t size, char level,
                            bool boost, esim_symbol *symbol);

/* Free the modules, wiped: they are an activation code. */
void esim_symbol_close(esim_symbol *symbol);

/* Whether module (x, y), from the top left, is dark; outside none is. */
bool esim_symbol_at(const esim_symbol *symbol, int x, int y);

/* How many modules are dark in row `y` from `x` on, both within the symbol. */
static inline int esim_symbol_run(const esim_symbol *symbol, int x, int y) {
  const unsigned char *row = symbol->modules + y * symbol->size;
  int end = x;
  while (end < symbol->size && row[end] & ESIM_DARK)
    end++;
  return end - x;
}

#endif

#ifndef ESIM_CODE_H
#define ESIM_CODE_H

#include <stdbool.h>
#include <stddef.h>

#include "fault.h"

/* Activation codes: text and fields (SGP.22 section 4.1). No allocation. */

#define ESIM_CODE_MAX 255               /* characters without the prefix */
#define ESIM_CODE_ROOM (ESIM_CODE_MAX + 5) /* with "LPA:" and a NUL */

typedef struct esim_slice {
  const char *text;  /* not terminated */
  size_t size;
} esim_slice;

typedef struct esim_code {
  esim_slice address;      /* SM-DP+: a host name, perhaps with a port */
  esim_slice matching_id;  /* may be empty */
  esim_slice oid;          /* empty: none */
  bool confirmation_code;  /* the customer will be asked for one */
} esim_code;

/*
** Read `size` bytes of text into slices of it. `lenient` takes `_` and `.` in a
** matching id too. ESIM_FIELDS, ESIM_LENGTH, or the first field from the left
** that is bad: ESIM_FORMAT, _ADDRESS, _MATCHING_ID, _OID or _FLAG.
*/
esim_fault esim_code_parse(const char *text, size_t size, bool lenient,
                           esim_code *code);

/*
** Write `code` into `text`, which has ESIM_CODE_ROOM bytes, with a NUL; *size
** without it. Only what the strict esim_code_parse() reads back is written,
** or, where `lenient`, the lenient one.
*/
esim_fault esim_code_format(const esim_code *code, bool prefix, bool lenient,
                            char *text, size_t *size);

#endif

#ifndef ESIM_BASE64_H
#define ESIM_BASE64_H

#include <stddef.h>

/* Base64 (RFC 4648 section 4), padded, in one line. */

/* Characters that `size` bytes become. */
#define ESIM_BASE64_SIZE(size) (((size) + 2) / 3 * 4)

/* Write ESIM_BASE64_SIZE(size) characters to `out`, not terminated. */
void esim_base64(const void *bytes, size_t size, char *out);

#endif

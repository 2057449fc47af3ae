#include "base64.h"

static const char digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void esim_base64(const void *bytes, size_t size, char *out) {
  const unsigned char *b = bytes;
  for (; size > 0; b += 3) {
    size_t left = size < 3 ? size : 3;
    unsigned word = (unsigned)b[0] << 16 |
                    (left > 1 ? (unsigned)b[1] << 8 : 0) |
                    (left > 2 ? (unsigned)b[2] : 0);
    *out++ = digits[word >> 18];
    *out++ = digits[word >> 12 & 63];
    *out++ = left > 1 ? digits[word >> 6 & 63] : '=';
    *out++ = left > 2 ? digits[word & 63] : '=';
    size -= left;
  }
}

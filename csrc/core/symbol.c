#include "symbol.h"

#include <errno.h>
#include <qrencode.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX 2953  /* in byte mode, version 40, level L */

static const char levels[] = "LMQH";  /* in the order of QRecLevel */

static QRcode *encode(const char *text, QRecLevel level, esim_fault *fault) {
  errno = 0;
  QRcode *code = QRcode_encodeString8bit(text, 0, level);
  if (code == NULL)
    *fault = errno == ENOMEM ? ESIM_MEMORY : ESIM_CAPACITY;
  return code;
}

/* Codewords for data in each version, by level; ISO/IEC 18004 table 7. */
static bool fits(size_t size, int version, QRecLevel level) {
  static const short capacity[4][41] = {
    { 0, 17, 32, 53, 78, 106, 134, 154, 192, 230, 271, 321, 367, 425, 458, 520,
      586, 644, 718, 792, 858, 929, 1003, 1091, 1171, 1273, 1367, 1465, 1528,
      1628, 1732, 1840, 1952, 2068, 2188, 2303, 2431, 2563, 2699, 2809, 2953 },
    { 0, 14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412,
      450, 504, 560, 624, 666, 711, 779, 857, 911, 997, 1059, 1125, 1190, 1264,
      1370, 1452, 1538, 1628, 1722, 1809, 1911, 1989, 2099, 2213, 2331 },
    { 0, 11, 20, 32, 46, 60, 74, 86, 108, 130, 151, 177, 203, 241, 258, 292,
      322, 364, 394, 442, 482, 509, 565, 611, 661, 715, 751, 805, 868, 908,
      982, 1030, 1112, 1168, 1228, 1283, 1351, 1423, 1499, 1579, 1663 },
    { 0, 7, 14, 24, 34, 44, 58, 64, 84, 98, 119, 137, 155, 177, 194, 220, 250,
      280, 310, 338, 382, 403, 439, 461, 511, 535, 593, 625, 658, 698, 742,
      790, 842, 898, 958, 983, 1051, 1093, 1139, 1219, 1273 }
  };
  return size <= (size_t)capacity[level][version];
}

static int smallest_version(size_t size, QRecLevel level) {
  for (int version = 1; version <= QRSPEC_VERSION_MAX; version++)
    if (fits(size, version, level))
      return version;
  return 0;
}

static QRecLevel strongest(size_t size, QRecLevel level) {
  int version = smallest_version(size, level);
  while (level < QR_ECLEVEL_H && fits(size, version, level + 1))
    level++;
  return level;
}

/* Its modules become ours, and the rest is freed. */
static void take_modules(esim_symbol *s, QRcode *code) {
  s->modules = code->data;
  s->size = code->width;
  s->version = code->version;
  code->data = NULL;
  QRcode_free(code);
}

esim_fault esim_symbol_open(const char *text, size_t size, char level,
                            bool boost, esim_symbol *s) {
  *s = (esim_symbol){ 0 };
  const char *found = level == '\0' ? NULL : strchr(levels, level);
  if (found == NULL)
    return ESIM_LEVEL;
  if (memchr(text, '\0', size) != NULL)
    return ESIM_NUL;
  QRecLevel ec = (QRecLevel)(found - levels);
  if (size == 0 || size > BYTES_MAX || smallest_version(size, ec) == 0)
    return ESIM_CAPACITY;
  if (boost)
    ec = strongest(size, ec);
  esim_fault fault = ESIM_MEMORY;
  QRcode *code = encode(text, ec, &fault);
  if (code == NULL)
    return fault;
  take_modules(s, code);
  s->level = levels[ec];
  return ESIM_OK;
}

void esim_symbol_close(esim_symbol *s) {
  if (s->modules != NULL)
    explicit_bzero(s->modules, (size_t)s->size * (size_t)s->size);
  free(s->modules);
  *s = (esim_symbol){ 0 };
}

bool esim_symbol_at(const esim_symbol *s, int x, int y) {
  return x >= 0 && y >= 0 && x < s->size && y < s->size &&
         (s->modules[y * s->size + x] & ESIM_DARK) != 0;
}

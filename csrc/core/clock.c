#include "clock.h"

#include <errno.h>
#include <stdint.h>
#include <sys/random.h>
#include <time.h>

static double read_clock(clockid_t which) {
  struct timespec now;
  clock_gettime(which, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

double esim_clock(void) {
  return read_clock(CLOCK_MONOTONIC);
}

double esim_wall(void) {
  return read_clock(CLOCK_REALTIME);
}

bool esim_random(void *bytes, size_t size) {
  unsigned char *at = bytes;
  while (size > 0) {
    ssize_t got = getrandom(at, size, 0);
    if (got < 0 && errno != EINTR)
      return false;
    if (got > 0) {
      at += got;
      size -= (size_t)got;
    }
  }
  return true;
}

/* splitmix64, one state a thread, seeded by the kernel or else by the clock */
double esim_chance(void) {
  static _Thread_local uint64_t state;
  if (state == 0 && !esim_random(&state, sizeof state))
    state = (uint64_t)(esim_clock() * 1e9);
  uint64_t z = (state += UINT64_C(0x9e3779b97f4a7c15));
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (double)(z >> 11) * 0x1p-53;
}

bool esim_uuid(char text[37]) {
  static const char digits[] = "0123456789abcdef";
  unsigned char b[16];
  if (!esim_random(b, sizeof b))
    return false;
  b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);  /* version 4 */
  b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);  /* variant of RFC 9562 */
  char *at = text;
  for (unsigned i = 0; i < sizeof b; i++) {
    if (i == 4 || i == 6 || i == 8 || i == 10)
      *at++ = '-';
    *at++ = digits[b[i] >> 4];
    *at++ = digits[b[i] & 0x0f];
  }
  *at = '\0';
  return true;
}

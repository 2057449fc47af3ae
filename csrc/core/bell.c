#include "bell.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

static int bell = -1;
static bool rung;  /* and not heard yet */

int esim_bell_open(void) {
  if (bell < 0)
    bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return bell;
}

void esim_bell_close(void) {
  if (bell >= 0)
    close(bell);
  bell = -1;
  rung = false;
}

void esim_bell_ring(void) {
  uint64_t one = 1;
  if (bell < 0 || rung)
    return;
  rung = true;
  (void)!write(bell, &one, sizeof one);
}

void esim_bell_hush(void) {
  uint64_t rings;
  (void)!read(bell, &rings, sizeof rings);
}

void esim_bell_heard(void) {
  rung = false;
}

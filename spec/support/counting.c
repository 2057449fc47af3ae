/*
** For the specs alone: preloaded it counts how often the engine lets its
** sockets alone for a while, and notes when it began to last; the Lua module of
** the same file tells.
*/

#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int ppoll(struct pollfd *fds, nfds_t count,
                   const struct timespec *limit, const sigset_t *mask);
EXPORTED int luaopen_esim_counting(lua_State *L);

static atomic_int rests;
static _Atomic double begun;  /* CLOCK_MONOTONIC, in seconds */

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit,
          const sigset_t *mask) {
  int (*real)(struct pollfd *, nfds_t, const struct timespec *,
              const sigset_t *);
  void *symbol = dlsym(RTLD_NEXT, "ppoll");
  memcpy(&real, &symbol, sizeof symbol);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  atomic_store(&begun, (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
  atomic_fetch_add(&rests, 1);
  return real(fds, count, limit, mask);
}

static int count(lua_State *L) {
  lua_pushinteger(L, atomic_load(&rests));
  lua_pushnumber(L, atomic_load(&begun));
  return 2;
}

/* -> function that returns how often so far, and when it began last */
int luaopen_esim_counting(lua_State *L) {
  lua_pushcfunction(L, count);
  return 1;
}

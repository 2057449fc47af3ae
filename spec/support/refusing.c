/*
** For the specs alone: preloaded it stands in for a system, or for what guards
** one, that does not know epoll's finer call; the Lua module of the same file
** tells how often that was made.
*/

#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int epoll_pwait2(int epoll, struct epoll_event *events, int most,
                          const struct timespec *limit, const sigset_t *mask);
EXPORTED int luaopen_esim_refusing(lua_State *L);

static atomic_int refused;

int epoll_pwait2(int epoll, struct epoll_event *events, int most,
                 const struct timespec *limit, const sigset_t *mask) {
  (void)epoll, (void)events, (void)most, (void)limit, (void)mask;
  atomic_fetch_add(&refused, 1);
  errno = EPERM;
  return -1;
}

static int count(lua_State *L) {
  lua_pushinteger(L, atomic_load(&refused));
  return 1;
}

/* -> function that returns how often it was refused */
int luaopen_esim_refusing(lua_State *L) {
  lua_pushcfunction(L, count);
  return 1;
}

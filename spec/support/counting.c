/*
** For the specs alone: preloaded it counts how often the engine lets its
** sockets alone for a while, and notes when it began to last; how often it
** tells epoll of a socket, and waits for those; the Lua module of the same file
** tells.
*/

#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EXPORTED __attribute__((visibility("default")))

EXPORTED int ppoll(struct pollfd *fds, nfds_t count,
                   const struct timespec *limit, const sigset_t *mask);
EXPORTED int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event);
EXPORTED int epoll_wait(int epoll, struct epoll_event *events, int room,
                        int milliseconds);
EXPORTED int epoll_pwait2(int epoll, struct epoll_event *events, int room,
                          const struct timespec *limit, const sigset_t *mask);
EXPORTED int luaopen_esim_counting(lua_State *L);

static atomic_int rests, told, waits;
static _Atomic double begun;  /* CLOCK_MONOTONIC, in seconds */

#define REAL(name) \
  void *symbol = dlsym(RTLD_NEXT, #name); \
  memcpy(&real, &symbol, sizeof symbol)

int epoll_ctl(int epoll, int op, int fd, struct epoll_event *event) {
  int (*real)(int, int, int, struct epoll_event *);
  REAL(epoll_ctl);
  atomic_fetch_add(&told, 1);
  return real(epoll, op, fd, event);
}

int epoll_wait(int epoll, struct epoll_event *events, int room,
               int milliseconds) {
  int (*real)(int, struct epoll_event *, int, int);
  REAL(epoll_wait);
  atomic_fetch_add(&waits, 1);
  return real(epoll, events, room, milliseconds);
}

int epoll_pwait2(int epoll, struct epoll_event *events, int room,
                 const struct timespec *limit, const sigset_t *mask) {
  int (*real)(int, struct epoll_event *, int, const struct timespec *,
              const sigset_t *);
  REAL(epoll_pwait2);
  atomic_fetch_add(&waits, 1);
  return real(epoll, events, room, limit, mask);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *limit,
          const sigset_t *mask) {
  int (*real)(struct pollfd *, nfds_t, const struct timespec *,
              const sigset_t *);
  REAL(ppoll);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  atomic_store(&begun, (double)now.tv_sec + (double)now.tv_nsec * 1e-9);
  atomic_fetch_add(&rests, 1);
  return real(fds, count, limit, mask);
}

static int count(lua_State *L) {
  lua_pushinteger(L, atomic_load(&rests));
  lua_pushnumber(L, atomic_load(&begun));
  lua_pushinteger(L, atomic_load(&told));
  lua_pushinteger(L, atomic_load(&waits));
  return 4;
}

/*
** -> function that returns how often it let them alone so far, and when it
** began last; how often it told, and waited
*/
int luaopen_esim_counting(lua_State *L) {
  lua_pushcfunction(L, count);
  return 1;
}

/*
** For the specs alone: an allocator that fails when it is told to. Preloaded
** it takes malloc's place in the whole process, Lua's, libcurl's and libpng's
** allocations included; the Lua module of the same file gives the orders.
*/

#include <dlfcn.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define CALLER __builtin_return_address(0)
#define EXPORTED __attribute__((visibility("default")))

/* The GNU C library's own, under names that nobody replaces. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);

EXPORTED void *malloc(size_t size);
EXPORTED void *calloc(size_t count, size_t size);
EXPORTED void *realloc(void *block, size_t size);
EXPORTED int luaopen_esim_failing(lua_State *L);

static atomic_long left = -1;   /* allocations before the first that fails */
static atomic_long failing;     /* how many fail from there; 0: none */
static atomic_long failed;

/* lua-cjson calls exit() where it finds no memory: it is let be. */
static int is_cjson(const void *caller) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
         strstr(info.dli_fname, "cjson") != NULL;
}

static int fails(const void *caller) {
  if (atomic_load_explicit(&failing, memory_order_relaxed) == 0 ||
      is_cjson(caller))
    return 0;
  if (atomic_fetch_sub(&left, 1) > 0)
    return 0;
  if (atomic_fetch_sub(&failing, 1) <= 0) {
    atomic_store(&failing, 0);
    return 0;
  }
  atomic_fetch_add(&failed, 1);
  errno = ENOMEM;
  return 1;
}

void *malloc(size_t size) {
  return fails(CALLER) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
  return fails(CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  return size > 0 && fails(CALLER) ? NULL : __libc_realloc(block, size);
}

/* arm(n, count): after n more allocations the next `count` fail */
static int failing_arm(lua_State *L) {
  long n = (long)luaL_checknumber(L, 1), count = (long)luaL_checknumber(L, 2);
  atomic_store(&failing, 0);
  atomic_store(&failed, 0);
  atomic_store(&left, n);
  atomic_store(&failing, count);
  return 0;
}

/* disarm() -> how many failed */
static int failing_disarm(lua_State *L) {
  atomic_store(&failing, 0);
  lua_pushinteger(L, (lua_Integer)atomic_load(&failed));
  return 1;
}

int luaopen_esim_failing(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, failing_arm);
  lua_setfield(L, -2, "arm");
  lua_pushcfunction(L, failing_disarm);
  lua_setfield(L, -2, "disarm");
  return 1;
}

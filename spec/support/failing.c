/*
** For the specs alone: an allocator that fails when it is told to, and looks
** into what the core frees. Preloaded it takes malloc's place in the whole
** process, Lua's, libcurl's and libpng's allocations included; the Lua module
** of the same file gives the orders.
*/

#include <dlfcn.h>
#include <errno.h>
#include <lauxlib.h>
#include <lua.h>
#include <malloc.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define CALLER __builtin_return_address(0)
#define EXPORTED __attribute__((visibility("default")))

/* The GNU C library's own, under names that nobody replaces. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *block, size_t size);
extern void __libc_free(void *block);

EXPORTED void *malloc(size_t size);
EXPORTED void *calloc(size_t count, size_t size);
EXPORTED void *realloc(void *block, size_t size);
EXPORTED void free(void *block);
EXPORTED void explicit_bzero(void *bytes, size_t size);
EXPORTED int luaopen_esim_failing(lua_State *L);

static atomic_long left = -1;   /* allocations before the first that fails */
static atomic_long failing;     /* how many fail from there; 0: none */
static atomic_long failed;

static char mark[256];          /* what no freed block of the core may hold */
static atomic_size_t mark_size; /* 0: nobody watches */
static atomic_int careless;     /* nothing is wiped */
static atomic_long freed, found;

static int is_of(const void *caller, const char *name) {
  Dl_info info;
  return dladdr(caller, &info) != 0 && info.dli_fname != NULL &&
         strstr(info.dli_fname, name) != NULL;
}

/*
** Two are let be that end the process where they find no memory: lua-cjson, and
** the dynamic loader, which makes a thread's data at its first use.
*/
static int is_spared(const void *caller) {
  return is_of(caller, "cjson") || is_of(caller, "/ld-");
}

static int fails(const void *caller) {
  if (atomic_load_explicit(&failing, memory_order_relaxed) == 0 ||
      is_spared(caller))
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

/* What others left in a block, behind `from`, is not what its owner leaves. */
static void *blank(void *block, size_t from) {
  size_t size = block == NULL ? 0 : malloc_usable_size(block);
  if (atomic_load(&mark_size) > 0 && size > from)
    memset((char *)block + from, 0, size - from);
  return block;
}

void *malloc(size_t size) {
  return fails(CALLER) ? NULL : blank(__libc_malloc(size), 0);
}

void *calloc(size_t count, size_t size) {
  return fails(CALLER) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *block, size_t size) {
  size_t before = block == NULL ? 0 : malloc_usable_size(block);
  return size > 0 && fails(CALLER)
             ? NULL
             : blank(__libc_realloc(block, size), before);
}

static void look_into(void *block, size_t size) {
  atomic_fetch_add(&freed, 1);
  if (memmem(block, malloc_usable_size(block), mark, size) != NULL)
    atomic_fetch_add(&found, 1);
}

/* Only what the core frees itself: Lua's strings and libcurl's are theirs. */
void free(void *block) {
  size_t size = atomic_load_explicit(&mark_size, memory_order_acquire);
  if (size > 0 && block != NULL && is_of(CALLER, "esim/core.so"))
    look_into(block, size);
  __libc_free(block);
}

void explicit_bzero(void *bytes, size_t size) {
  if (atomic_load(&careless))
    return;
  memset(bytes, 0, size);
  __asm__ volatile("" : : "r"(bytes) : "memory");
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

/*
** watch(mark, careless): from now on look for `mark`, 1 to 255 bytes, in what
** the core frees; `careless`: nothing is wiped, so that it must be found
*/
static int failing_watch(lua_State *L) {
  size_t size;
  const char *text = luaL_checklstring(L, 1, &size);
  luaL_argcheck(L, size > 0 && size < sizeof mark, 1, "no mark");
  memcpy(mark, text, size);
  atomic_store(&freed, 0);
  atomic_store(&found, 0);
  atomic_store(&careless, lua_toboolean(L, 2));
  atomic_store(&mark_size, size);
  return 0;
}

/* watched() -> how many of those blocks held it, how many there were */
static int failing_watched(lua_State *L) {
  atomic_store(&mark_size, 0);
  atomic_store(&careless, 0);
  lua_pushinteger(L, (lua_Integer)atomic_load(&found));
  lua_pushinteger(L, (lua_Integer)atomic_load(&freed));
  return 2;
}

int luaopen_esim_failing(lua_State *L) {
  lua_newtable(L);
  lua_pushcfunction(L, failing_arm);
  lua_setfield(L, -2, "arm");
  lua_pushcfunction(L, failing_disarm);
  lua_setfield(L, -2, "disarm");
  lua_pushcfunction(L, failing_watch);
  lua_setfield(L, -2, "watch");
  lua_pushcfunction(L, failing_watched);
  lua_setfield(L, -2, "watched");
  return 1;
}

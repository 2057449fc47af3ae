/*
** What an event loop of nginx must do for us: call us when the engine's bell
** rings, and when a request is over. The one place that knows nginx's symbols,
** which are looked up at run time: no header of nginx is needed, and where a
** symbol is missing Lua learns it and goes another way.
*/

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/types.h>
#include <unistd.h>

#include "../core/engine.h"
#include "bind.h"
#include "inbox.h"

#define TYPE "esim.nginx.visit"

/* Values of `ngx_process` in those that serve nothing. */
enum { MASTER = 1, SIGNALLER = 2 };

/* The event that nginx calls NGX_READ_EVENT where it was built with epoll. */
#define READ_EVENT (EPOLLIN | EPOLLRDHUP)

typedef intptr_t add_event(void *cycle, int fd, intptr_t event,
                           void (*handler)(void *event));

/* The first two members of ngx_http_cleanup_t. */
typedef struct cleanup {
  void (*handler)(void *data);
  void *data;
} cleanup;

typedef cleanup *add_cleanup(void *request, size_t size);

typedef int is_yieldable(lua_State *L);

/* What one request submitted; its cleanup is nginx's, and ends with it. */
typedef struct visit {
  esim_inbox *inbox;
  cleanup *cleanup;  /* NULL: the request is over */
  double *ids;       /* `count` of room for `room`; some have ended */
  size_t count, room;
} visit;

/* Of this process; nginx's thread alone. */
static struct {
  pid_t pid;         /* to which the rest belongs: after a fork it is void */
  bool listens;
  bool failed;
  unsigned long calls;
  add_cleanup *add_cleanup;
  is_yieldable *is_yieldable;
} process;

static void know_process(void) {
  if (process.pid == getpid())
    return;
  memset(&process, 0, sizeof process);
  process.pid = getpid();
}

/* ISO C has no cast from an object pointer to a function: copy it. */
static bool find(const char *name, void *function) {
  void *symbol = dlsym(RTLD_DEFAULT, name);
  memcpy(function, &symbol, sizeof symbol);
  return symbol != NULL;
}

/* The bell. */

static void on_bell(void *event) {
  (void)event;
  process.calls++;
  esim_engine_wake();
}

static bool has_event_loop(void **cycle) {
  void **current = dlsym(RTLD_DEFAULT, "ngx_cycle");
  const uintptr_t *role = dlsym(RTLD_DEFAULT, "ngx_process");
  if (current == NULL || *current == NULL || role == NULL)
    return false;
  *cycle = *current;
  return *role != MASTER && *role != SIGNALLER;
}

/* Once a process, for good: it takes one of the worker's connections. */
static bool listen_to_bell(void) {
  void *cycle;
  add_event *add;
  if (process.listens)
    return true;
  if (!has_event_loop(&cycle) || !find("ngx_add_channel_event", &add))
    return false;
  int bell = esim_engine_bell();
  process.listens = bell >= 0 && add(cycle, bell, READ_EVENT, on_bell) == 0;
  return process.listens;
}

static bool find_post(const char *subsystem, esim_post **post) {
  return strcmp(subsystem, "stream") == 0
             ? find("ngx_stream_lua_ffi_sema_post", post)
             : find("ngx_http_lua_ffi_sema_post", post);
}

/*
** nginx.host(inbox [, subsystem]) -> whether the bell will wake its waiters; no
** subsystem: it is not to
*/
static int nginx_host(lua_State *L) {
  esim_inbox *in = bind_check_inbox(L, 1);
  const char *subsystem = luaL_optstring(L, 2, NULL);
  esim_post *post = NULL;
  know_process();
  bool heard = subsystem != NULL && !process.failed &&
               find_post(subsystem, &post) && listen_to_bell();
  esim_engine_host(in, heard ? post : NULL);
  lua_pushboolean(L, heard);
  return 1;
}

/* nginx.calls() -> how often the bell has called us in this process */
static int nginx_calls(lua_State *L) {
  know_process();
  lua_pushnumber(L, (lua_Number)process.calls);
  return 1;
}

/* nginx.give_up(inbox): the bell does not call; not in this whole process */
static int nginx_give_up(lua_State *L) {
  know_process();
  process.failed = true;
  esim_engine_host(bind_check_inbox(L, 1), NULL);
  esim_engine_mute();
  return 0;
}

/*
** nginx.yieldable() -> whether the caller can be suspended: not inside a
** function that C called, such as one that string.gsub was given. nginx's Lua
** hides LuaJIT's own word for it. True where it cannot be known.
*/
static int nginx_yieldable(lua_State *L) {
  bool known = process.is_yieldable != NULL ||
               find("lua_isyieldable", &process.is_yieldable);
  lua_pushboolean(L, !known || process.is_yieldable(L));
  return 1;
}

/* Visits. */

static void forget_ids(visit *v) {
  free(v->ids);
  v->ids = NULL;
  v->count = v->room = 0;
}

/* nginx's own call: the request is over, whatever the reason. */
static void end_visit(void *data) {
  visit *v = data;
  if (v == NULL)
    return;
  v->cleanup = NULL;
  for (size_t i = 0; i < v->count; i++)
    esim_engine_abandon(v->inbox, v->ids[i]);
  forget_ids(v);
}

/*
** nginx.visit(inbox, address of a request) -> visit | nil: it cannot be
** followed. The inbox must outlive it.
*/
static int visit_open(lua_State *L) {
  esim_inbox *in = bind_check_inbox(L, 1);
  void *request = (void *)(uintptr_t)luaL_checknumber(L, 2);
  if (process.add_cleanup == NULL &&
      !find("ngx_http_cleanup_add", &process.add_cleanup))
    return 0;
  visit *v = lua_newuserdatauv(L, sizeof *v, 0);
  memset(v, 0, sizeof *v);
  luaL_setmetatable(L, TYPE);
  v->inbox = in;
  v->cleanup = process.add_cleanup(request, 0);
  if (v->cleanup == NULL)
    return 0;
  v->cleanup->handler = end_visit;
  v->cleanup->data = v;
  return 1;
}

/* Forget what has ended; false: no memory for more. */
static bool make_room(visit *v) {
  size_t kept = 0;
  for (size_t i = 0; i < v->count; i++)
    if (esim_inbox_find(v->inbox, v->ids[i]) != NULL)
      v->ids[kept++] = v->ids[i];
  v->count = kept;
  if (kept < v->room / 2)
    return true;
  size_t room = v->room == 0 ? 4 : v->room * 2;
  double *grown = realloc(v->ids, room * sizeof *grown);
  if (grown == NULL)
    return v->count < v->room;
  v->ids = grown;
  v->room = room;
  return true;
}

/* visit:enter(id): abandon it when the request is over; false: it is */
static int visit_enter(lua_State *L) {
  visit *v = luaL_checkudata(L, 1, TYPE);
  double id = luaL_checknumber(L, 2);
  bool stays = v->cleanup != NULL;
  if (stays && (v->count < v->room || make_room(v)))
    v->ids[v->count++] = id;
  lua_pushboolean(L, stays);
  return 1;
}

static int visit_close(lua_State *L) {
  visit *v = luaL_checkudata(L, 1, TYPE);
  if (v->cleanup != NULL)
    v->cleanup->data = NULL;
  v->cleanup = NULL;
  forget_ids(v);
  return 0;
}

static const luaL_Reg methods[] = {
  { "enter", visit_enter },
  { NULL, NULL }
};

static const luaL_Reg metamethods[] = {
  { "__gc", visit_close },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "host", nginx_host },
  { "calls", nginx_calls },
  { "give_up", nginx_give_up },
  { "yieldable", nginx_yieldable },
  { "visit", visit_open },
  { NULL, NULL }
};

void bind_nginx(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_setfield(L, -2, "nginx");
}

/*
** For the specs alone: what csrc/bind/nginx.c looks up in nginx, so that it can
** be driven step by step under any Lua and under the sanitizers. To be loaded
** for all to see.
*/

#include <lauxlib.h>
#include <lua.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#define PUBLIC __attribute__((visibility("default")))
#define MANY 64

typedef void handler(void *data);

typedef struct cleanup {
  handler *handler;
  void *data;
  struct cleanup *next;
} cleanup;

PUBLIC void *ngx_cycle = &ngx_cycle;
PUBLIC uintptr_t ngx_process;
PUBLIC intptr_t ngx_add_channel_event(void *cycle, int fd, intptr_t event,
                                      handler *call);
PUBLIC int ngx_http_lua_ffi_sema_post(void *semaphore, int count);
PUBLIC cleanup *ngx_http_cleanup_add(void *request, size_t size);

static struct {
  int fd;
  handler *call;
  int times;
} registered = { .fd = -1 };

static uintptr_t posted[MANY];
static int posts;

static struct {
  void *request;
  cleanup node;
} requests[MANY];
static int visits;

intptr_t ngx_add_channel_event(void *cycle, int fd, intptr_t event,
                               handler *call) {
  (void)event;
  registered.fd = fd;
  registered.call = call;
  registered.times++;
  return cycle == ngx_cycle ? 0 : -1;
}

int ngx_http_lua_ffi_sema_post(void *semaphore, int count) {
  for (int i = 0; i < count && posts < MANY; i++)
    posted[posts++] = (uintptr_t)semaphore;
  return 0;
}

cleanup *ngx_http_cleanup_add(void *request, size_t size) {
  (void)size;
  requests[visits].request = request;
  return &requests[visits++].node;
}

/* role(n): master 1, worker 3 */
static int worker_role(lua_State *L) {
  ngx_process = (uintptr_t)luaL_checknumber(L, 1);
  return 0;
}

/* turn(seconds) -> the addresses posted in a turn of the event loop */
static int worker_turn(lua_State *L) {
  struct pollfd watched = { .fd = registered.fd, .events = POLLIN };
  posts = 0;
  if (poll(&watched, 1, (int)(luaL_checknumber(L, 1) * 1000)) == 1)
    registered.call(NULL);
  lua_newtable(L);
  for (int i = 0; i < posts; i++) {
    lua_pushnumber(L, (lua_Number)posted[i]);
    lua_rawseti(L, -2, i + 1);
  }
  return 1;
}

/* registered() -> how often somebody registered */
static int worker_registered(lua_State *L) {
  lua_pushnumber(L, registered.times);
  return 1;
}

/* finish(address): the request is over */
static int worker_finish(lua_State *L) {
  void *request = (void *)(uintptr_t)luaL_checknumber(L, 1);
  for (int i = 0; i < visits; i++)
    if (requests[i].request == request) {
      requests[i].request = NULL;
      requests[i].node.handler(requests[i].node.data);
    }
  return 0;
}

static void add(lua_State *L, const char *name, lua_CFunction f) {
  lua_pushcfunction(L, f);
  lua_setfield(L, -2, name);
}

PUBLIC int luaopen_esim_worker(lua_State *L);

int luaopen_esim_worker(lua_State *L) {
  lua_newtable(L);
  add(L, "role", worker_role);
  add(L, "turn", worker_turn);
  add(L, "registered", worker_registered);
  add(L, "finish", worker_finish);
  return 1;
}

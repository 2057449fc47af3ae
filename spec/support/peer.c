/* For the specs alone: a server that misbehaves byte by byte, on loopback. */

#include <arpa/inet.h>
#include <lauxlib.h>
#include <lua.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE 20000 /* milliseconds, after which a spec has gone wrong */
#define PIECE 65536

static int push_failure(lua_State *L) {
  lua_pushnil(L);
  return 1;
}

static int is_ready(int fd) {
  struct pollfd watched = { .fd = fd, .events = POLLIN };
  return poll(&watched, 1, PATIENCE) == 1;
}

/* listen() -> descriptor, port | nil */
static int peer_listen(lua_State *L) {
  struct sockaddr_in at = { .sin_family = AF_INET,
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
  socklen_t size = sizeof at;
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&at, size) != 0 ||
      listen(fd, 64) != 0 ||
      getsockname(fd, (struct sockaddr *)&at, &size) != 0)
    return push_failure(L);
  lua_pushinteger(L, fd);
  lua_pushinteger(L, ntohs(at.sin_port));
  return 2;
}

/* accept(descriptor) -> descriptor | nil: nobody came */
static int peer_accept(lua_State *L) {
  int fd = (int)luaL_checkinteger(L, 1);
  if (!is_ready(fd))
    return push_failure(L);
  lua_pushinteger(L, accept(fd, NULL, NULL));
  return 1;
}

/* read(descriptor, most) -> bytes | nil: it ended */
static int peer_read(lua_State *L) {
  char bytes[PIECE];
  int fd = (int)luaL_checkinteger(L, 1);
  size_t most = (size_t)luaL_checkinteger(L, 2);
  ssize_t got = is_ready(fd) ? read(fd, bytes, most < PIECE ? most : PIECE) : 0;
  if (got <= 0)
    return push_failure(L);
  lua_pushlstring(L, bytes, (size_t)got);
  return 1;
}

/* write(descriptor, bytes) -> whether all were taken */
static int peer_write(lua_State *L) {
  size_t size;
  const char *bytes = luaL_checklstring(L, 2, &size);
  ssize_t sent = send((int)luaL_checkinteger(L, 1), bytes, size, MSG_NOSIGNAL);
  lua_pushboolean(L, sent == (ssize_t)size);
  return 1;
}

static int peer_close(lua_State *L) {
  close((int)luaL_checkinteger(L, 1));
  return 0;
}

static const struct luaL_Reg functions[] = {
  { "listen", peer_listen }, { "accept", peer_accept }, { "read", peer_read },
  { "write", peer_write },   { "close", peer_close },   { NULL, NULL }
};

__attribute__((visibility("default"))) int luaopen_esim_peer(lua_State *L);

int luaopen_esim_peer(lua_State *L) {
  lua_newtable(L);
  for (const luaL_Reg *f = functions; f->name != NULL; f++) {
    lua_pushcfunction(L, f->func);
    lua_setfield(L, -2, f->name);
  }
  return 1;
}

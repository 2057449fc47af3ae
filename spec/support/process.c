/* For the specs alone: what Lua has no word for. */

#include <dlfcn.h>
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* fork() -> 0 in the child, else its process id */
static int process_fork(lua_State *L) {
  lua_pushinteger(L, fork());
  return 1;
}

/* wait(pid) -> exit status, or minus the signal that ended it */
static int process_wait(lua_State *L) {
  int status;
  waitpid((pid_t)luaL_checkinteger(L, 1), &status, 0);
  lua_pushinteger(L, WIFEXITED(status) ? WEXITSTATUS(status)
                                       : -WTERMSIG(status));
  return 1;
}

/* exit(status): at once, without atexit */
static int process_exit(lua_State *L) {
  _exit((int)luaL_checkinteger(L, 1));
}

/* thread_cpu() -> seconds of the calling thread's */
static int process_thread_cpu(lua_State *L) {
  struct timespec used;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
  lua_pushnumber(L, (double)used.tv_sec + (double)used.tv_nsec * 1e-9);
  return 1;
}

/* cpu() -> seconds of user and system time of this process */
static int process_cpu(lua_State *L) {
  struct rusage r;
  getrusage(RUSAGE_SELF, &r);
  lua_pushnumber(L, (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
                        (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6);
  return 1;
}

static void *run_state(void *code) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  int failed = luaL_dostring(L, code);
  free(code);
  if (failed)
    abort();
  return NULL;
}

/* thread(code): run it in a Lua state and a thread of its own, for ever */
static int process_thread(lua_State *L) {
  pthread_t thread;
  char *code = strdup(luaL_checkstring(L, 1));
  if (code == NULL || pthread_create(&thread, NULL, run_state, code) != 0)
    return luaL_error(L, "no thread");
  pthread_detach(thread);
  return 0;
}

/* sleep(seconds): all of this process's Lua */
static int process_sleep(lua_State *L) {
  usleep((useconds_t)(luaL_checknumber(L, 1) * 1e6));
  return 0;
}

/* load(file) -> whether its symbols are now for all to see */
static int process_load(lua_State *L) {
  void *library = dlopen(luaL_checkstring(L, 1), RTLD_NOW | RTLD_GLOBAL);
  lua_pushboolean(L, library != NULL);
  return 1;
}

static void add(lua_State *L, const char *name, lua_CFunction f) {
  lua_pushcfunction(L, f);
  lua_setfield(L, -2, name);
}

__attribute__((visibility("default"))) int luaopen_esim_process(lua_State *L);

int luaopen_esim_process(lua_State *L) {
  lua_newtable(L);
  add(L, "fork", process_fork);
  add(L, "wait", process_wait);
  add(L, "exit", process_exit);
  add(L, "cpu", process_cpu);
  add(L, "thread_cpu", process_thread_cpu);
  add(L, "thread", process_thread);
  add(L, "load", process_load);
  add(L, "sleep", process_sleep);
  return 1;
}

#include "inbox.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../core/engine.h"
#include "account.h"
#include "bind.h"
#include "options.h"
#include "schedule.h"

#define TYPE "esim.inbox"

typedef struct inbox {
  bool open;
  esim_inbox core;
} inbox;

esim_inbox *bind_check_inbox(lua_State *L, int index) {
  inbox *in = luaL_checkudata(L, index, TYPE);
  if (!in->open)
    luaL_error(L, "attempt to use a closed inbox");
  return &in->core;
}

static esim_inbox *check_inbox(lua_State *L) {
  return bind_check_inbox(L, 1);
}

/* core.inbox() -> inbox */
static int inbox_open(lua_State *L) {
  inbox *in = lua_newuserdatauv(L, sizeof *in, 0);
  in->open = false;
  luaL_setmetatable(L, TYPE);
  esim_engine_join(&in->core);
  in->open = true;
  return 1;
}

static int inbox_close(lua_State *L) {
  inbox *in = luaL_checkudata(L, 1, TYPE);
  if (in->open) {
    in->open = false;
    esim_engine_leave(&in->core);
  }
  return 0;
}

/* Whole, where Lua tells: it is reckoned with. */
static void push_id(lua_State *L, double id) {
  lua_pushinteger(L, (lua_Integer)id);
}

/* Submitting. */

static void read_body(lua_State *L, int table, esim_spec *spec) {
  lua_getfield(L, table, "body");
  if (!lua_isnil(L, -1)) {
    if (lua_type(L, -1) != LUA_TSTRING)
      luaL_error(L, "body: string expected, got %s", luaL_typename(L, -1));
    spec->body = lua_tolstring(L, -1, &spec->body_size);
  }
  lua_pop(L, 1);
}

static void read_plan(lua_State *L, int table, esim_spec *spec) {
  spec->age = options_number(L, table, "age", 0, 0);
  spec->seen = options_number(L, table, "seen", 0, 0);
  spec->schedule = bind_read_schedule(L, table);
  spec->kind_of = options_string(L, table, "kind_of");
}

/* An HTTP status as text; 0: there is none. */
static short read_status(lua_State *L, int table, const char *field) {
  const char *text = options_string(L, table, field);
  if (text == NULL)
    return 0;
  size_t digits = strspn(text, "0123456789");
  if (digits != 3 || text[digits] != '\0')
    luaL_error(L, "%s: HTTP status expected", field);
  return (short)atoi(text);
}

/* What the records of its exchanges are to tell. */
static void read_marks(lua_State *L, int table, esim_spec *spec) {
  spec->tag = (unsigned)options_number(L, table, "tag", 0, 0);
  spec->attempt = (unsigned)options_number(L, table, "attempt", 1, 1);
  spec->again = read_status(L, table, "again");
}

static int push_submitted(lua_State *L, esim_inbox *in,
                          const esim_spec *spec) {
  double id;
  esim_fault fault = esim_engine_submit(in, spec, &id);
  if (fault != ESIM_OK)
    return bind_push_fault(L, fault);
  push_id(L, id);
  return 1;
}

/* Where it goes, `target` or an order's id, and what it says of itself. */
static void read_address(lua_State *L, int table, esim_spec *spec) {
  spec->order_id = options_string(L, table, "order_id");
  if (spec->order_id == NULL)
    spec->target = options_required(L, table, "target");
  spec->correlation_id = options_string(L, table, "correlation_id");
  spec->line_count = options_lines(L, table, "headers", spec->lines,
                                   ESIM_OWN_MAX);
}

static int submit(lua_State *L, esim_kind kind) {
  esim_inbox *in = check_inbox(L);
  esim_spec spec = { .kind = kind, .account = bind_check_account(L, 2) };
  luaL_checktype(L, 3, LUA_TTABLE);
  read_address(L, 3, &spec);
  read_body(L, 3, &spec);
  spec.method = options_string(L, 3, "method");
  if (spec.method == NULL)
    spec.method = spec.body == NULL ? "GET" : "POST";
  spec.timeout = options_number(L, 3, "timeout", -1, 0.001);
  spec.deadline = options_number(L, 3, "deadline", -1, 0);
  if (kind == ESIM_POLL)
    read_plan(L, 3, &spec);
  if (spec.account->records)
    read_marks(L, 3, &spec);
  return push_submitted(L, in, &spec);
}

/* inbox:request(account, spec) -> id | nil, fault; order and poll likewise */
static int inbox_request(lua_State *L) {
  return submit(L, ESIM_REQUEST);
}

static int inbox_order(lua_State *L) {
  return submit(L, ESIM_ORDER);
}

static int inbox_poll(lua_State *L) {
  return submit(L, ESIM_POLL);
}

/* inbox:sleep(seconds) -> id | nil, fault */
static int inbox_sleep(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  double seconds = luaL_checknumber(L, 2);
  luaL_argcheck(L, seconds >= 0 && seconds <= 1e9, 2, "out of range");
  esim_spec spec = { .kind = ESIM_SLEEP, .deadline = seconds };
  return push_submitted(L, in, &spec);
}

/* inbox:again(id): a poll's answer was not final; false: no such poll */
static int inbox_again(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  lua_pushboolean(L, esim_engine_again(in, luaL_checknumber(L, 2)));
  return 1;
}

/*
** inbox:cancel(id [, settled]): nothing more comes for it; `settled`: the last
** answer of this poll said that its order is completed, or has failed
*/
static int inbox_cancel(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  esim_engine_cancel(in, luaL_checknumber(L, 2), lua_toboolean(L, 3));
  return 0;
}

/* inbox:left(id) -> seconds until its deadline; 0: it is over, or it ended */
static int inbox_left(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  lua_pushnumber(L, esim_engine_left(in, luaL_checknumber(L, 2)));
  return 1;
}

/* inbox:abandon(id): nobody waits for it, but its outcome is wanted */
static int inbox_abandon(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  esim_engine_abandon(in, luaL_checknumber(L, 2));
  return 0;
}

/*
** inbox:watch(id, address) -> whether what the host keeps at that address will
** be woken; false: there is something to take already, or nothing will come
*/
static int inbox_watch(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  double id = luaL_checknumber(L, 2);
  void *waiter = (void *)(uintptr_t)luaL_checknumber(L, 3);
  lua_pushboolean(L, esim_engine_watch(in, id, waiter));
  return 1;
}

/* Taking. */

static void set_text(lua_State *L, const char *field, const char *text) {
  if (text[0] == '\0')
    return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, field);
}

static void push_answer(lua_State *L, const esim_result *r) {
  lua_createtable(L, 0, 4);  /* of an answer in order, no more */
  if (r->fault != ESIM_OK)
    set_text(L, "fault", esim_fault_word(r->fault));
  if (r->http != 0) {
    lua_pushinteger(L, (lua_Integer)r->http);
    lua_setfield(L, -2, "http");
  }
  if (r->body != NULL) {
    lua_pushlstring(L, r->body, r->size);
    lua_setfield(L, -2, "body");
  }
  if (r->retry_after >= 0) {
    lua_pushnumber(L, r->retry_after);
    lua_setfield(L, -2, "retry_after");
  }
  if (r->failure != ESIM_OK)
    set_text(L, "last", esim_fault_word(r->failure));
  set_text(L, "type", r->type);
  set_text(L, "detail", r->detail);
  set_text(L, "next_page", r->next_page);
  set_text(L, "previous_page", r->previous_page);
  if (r->stale) {
    lua_pushboolean(L, 1);
    lua_setfield(L, -2, "stale");
  }
  if (r->stale || (r->serial != 0 && r->http == 401)) {  /* a token to mend */
    lua_pushinteger(L, (lua_Integer)r->serial);
    lua_setfield(L, -2, "serial");
  }
  lua_pushboolean(L, r->sent);
  lua_setfield(L, -2, "sent");
}

/*
** inbox:take([held]) -> nil: it is empty; false: the process forked, what was
** in flight is the parent's; or id, fault | nil, answer (in which the fault is
** too), and whether it holds more. What is taken leaves the inbox only when it
** stands on the Lua stack. `held`: the descriptor stays readable until the next
** one is asked for, or inbox:hold(false)
*/
static int inbox_take(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  bool held = lua_toboolean(L, 2);
  esim_result r;
  switch (esim_engine_peek(in, &r)) {
    case ESIM_NOTHING:
      lua_pushnil(L);
      return 1;
    case ESIM_FORK:
      lua_pushboolean(L, 0);
      return 1;
    case ESIM_SOMETHING:
      break;
  }
  push_id(L, r.id);
  if (r.fault == ESIM_OK)
    lua_pushnil(L);
  else
    lua_pushstring(L, esim_fault_word(r.fault));
  push_answer(L, &r);
  lua_pushboolean(L, esim_engine_pop(in, held));
  return 4;
}

/* inbox:hold(held): its descriptor is readable, whatever it holds; or not */
static int inbox_hold(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  esim_engine_hold(in, lua_toboolean(L, 2));
  return 0;
}

static void set_number(lua_State *L, const char *field, double number) {
  if (number < 0)
    return;
  lua_pushnumber(L, number);
  lua_setfield(L, -2, field);
}

static void set_integer(lua_State *L, const char *field, lua_Integer number) {
  lua_pushinteger(L, number);
  lua_setfield(L, -2, field);
}

static void push_timing(lua_State *L, const esim_timing *t) {
  set_number(L, "dns", t->dns);
  set_number(L, "connect", t->connect);
  set_number(L, "tls", t->tls);
  set_number(L, "first_byte", t->first_byte);
  set_number(L, "total", t->total);
  set_integer(L, "bytes_sent", (lua_Integer)t->bytes_sent);
  set_integer(L, "bytes_received", (lua_Integer)t->bytes_received);
  if (t->resent > 0)
    set_integer(L, "resent", (lua_Integer)t->resent);
  lua_pushboolean(L, t->sent);
  lua_setfield(L, -2, "sent");
}

/* What the try before met: a status, or a fault's word. */
static void set_again(lua_State *L, short again) {
  char status[8] = "";
  if (again > 0)
    snprintf(status, sizeof status, "%hd", again);
  set_text(L, "again", again < 0 ? esim_fault_word(-again) : status);
}

static void push_record(lua_State *L, const esim_record *r) {
  lua_newtable(L);
  push_id(L, r->id);
  lua_setfield(L, -2, "id");
  lua_pushnumber(L, r->tag);
  lua_setfield(L, -2, "tag");
  set_text(L, "method", r->method);
  set_text(L, "target", r->target);
  lua_pushnumber(L, r->at);
  lua_setfield(L, -2, "at");
  if (r->http != 0)
    set_integer(L, "http", (lua_Integer)r->http);
  if (r->fault != ESIM_OK)
    set_text(L, "fault", esim_fault_word(r->fault));
  set_number(L, "retry_after", r->retry_after);
  push_timing(L, &r->timing);
  set_integer(L, "attempt", (lua_Integer)r->attempt);
  set_again(L, r->again);
  if (r->dropped > 0)
    set_integer(L, "dropped", (lua_Integer)r->dropped);
}

/*
** inbox:record() -> what became of the next exchange, of an account with
** records | nil. Like an answer, it leaves only when it stands on the stack.
*/
static int inbox_record(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  const esim_record *r = esim_engine_record(in);
  if (r == NULL)
    return 0;
  push_record(L, r);
  esim_engine_strike(in);
  return 1;
}

/* inbox:wait([seconds]) -> whether it holds something; a signal ends it too */
static int inbox_wait(lua_State *L) {
  esim_inbox *in = check_inbox(L);
  double seconds = luaL_optnumber(L, 2, -1);
  lua_pushboolean(L, esim_engine_wait(in, seconds));
  return 1;
}

/* inbox:fd() -> a descriptor, readable while it holds something | nil, fault */
static int inbox_fd(lua_State *L) {
  int fd = esim_engine_event(check_inbox(L));
  if (fd < 0)
    return bind_push_fault(L, ESIM_SYSTEM);
  lua_pushinteger(L, fd);
  return 1;
}

static const luaL_Reg methods[] = {
  { "request", inbox_request },
  { "order", inbox_order },
  { "poll", inbox_poll },
  { "sleep", inbox_sleep },
  { "again", inbox_again },
  { "cancel", inbox_cancel },
  { "left", inbox_left },
  { "abandon", inbox_abandon },
  { "watch", inbox_watch },
  { "take", inbox_take },
  { "hold", inbox_hold },
  { "record", inbox_record },
  { "wait", inbox_wait },
  { "fd", inbox_fd },
  { "close", inbox_close },
  { NULL, NULL }
};

static const luaL_Reg metamethods[] = {
  { "__gc", inbox_close },
  { "__close", inbox_close },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "inbox", inbox_open },
  { NULL, NULL }
};

void bind_inbox(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}

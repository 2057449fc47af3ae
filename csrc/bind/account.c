#include "account.h"

#include <math.h>
#include <string.h>

#include "../core/engine.h"
#include "bind.h"
#include "options.h"

#define TYPE "esim.account"

typedef struct account {
  esim_account *core;  /* NULL: closed, or never opened */
} account;

esim_account *bind_check_account(lua_State *L, int index) {
  account *a = luaL_checkudata(L, index, TYPE);
  if (a->core == NULL)
    luaL_error(L, "attempt to use a closed account");
  return a->core;
}

/*
** core.account{ url=, rate=, connections=, timeout=, ca_file=, client_cert=,
** client_key=, allow_http=, records=, headers=, order_path=, correlation=,
** awaits_token= } -> account | nil, fault
** headers: the lines that all its exchanges have, "Name: value"; order_path,
** correlation: what the order_id and the correlation_id of its specs follow,
** "/orders/", "Name: "
*/
static int account_open(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  esim_account_spec spec = {
    .url = options_required(L, 1, "url"),
    .order_path = options_string(L, 1, "order_path"),
    .correlation = options_string(L, 1, "correlation"),
    .trust = { options_string(L, 1, "ca_file"),
               options_string(L, 1, "client_cert"),
               options_string(L, 1, "client_key") },
    .rate = options_number(L, 1, "rate", 0, 0),
    .timeout = options_number(L, 1, "timeout", 30, 0.001),
    .connections = (unsigned)options_number(L, 1, "connections", 16, 1),
    .allow_http = options_boolean(L, 1, "allow_http"),
    .records = options_boolean(L, 1, "records"),
    .awaits_token = options_boolean(L, 1, "awaits_token")
  };
  const char *lines[ESIM_COMMON_MAX];
  spec.line_count = options_lines(L, 1, "headers", lines, ESIM_COMMON_MAX);
  spec.lines = lines;
  account *a = lua_newuserdatauv(L, sizeof *a, 0);
  a->core = NULL;
  luaL_setmetatable(L, TYPE);
  esim_fault fault;
  a->core = esim_account_open(&spec, &fault);
  return a->core == NULL ? bind_push_fault(L, fault) : 1;
}

static int account_close(lua_State *L) {
  account *a = luaL_checkudata(L, 1, TYPE);
  esim_account *core = a->core;
  a->core = NULL;
  if (core != NULL)
    esim_account_release(core);
  return 0;
}

/* Seconds from now; INFINITY where there are none. */
static double check_seconds(lua_State *L, int index) {
  lua_Number seconds = luaL_optnumber(L, index, HUGE_VAL);
  luaL_argcheck(L, seconds >= 0, index, "out of range");
  return seconds;
}

/*
** account:token(text [, stale [, ends]]) -> true | nil, fault
** Seconds from now after which it should be replaced: a poll is told so; and
** after which nothing goes out that is signed with it. nil: never.
** account:token(false): there is no new one; what a 401, or the end of the
** token, holds is answered with 401.
*/
static int account_token(lua_State *L) {
  esim_account *a = bind_check_account(L, 1);
  if (lua_isboolean(L, 2) && !lua_toboolean(L, 2)) {
    esim_engine_token(a, true);
  } else {
    size_t size;
    const char *token = luaL_checklstring(L, 2, &size);
    esim_fault fault = esim_account_token(a, token, size, check_seconds(L, 3),
                                          check_seconds(L, 4));
    if (fault != ESIM_OK)
      return bind_push_fault(L, fault);
    esim_engine_token(a, false);
  }
  lua_pushboolean(L, 1);
  return 1;
}

/* account:rate(requests a second): only before anything is submitted */
static int account_rate(lua_State *L) {
  esim_account *a = bind_check_account(L, 1);
  lua_Number rate = luaL_checknumber(L, 2);
  luaL_argcheck(L, rate >= 0, 2, "out of range");
  a->rate = rate;
  return 0;
}

/*
** account:experience(kind) -> text; account:experience(kind, text) -> whether
** it is one that is kept now in the place of what there was. Where there is no
** memory, or no room for one kind more, it is not.
*/
static int account_experience(lua_State *L) {
  esim_account *a = bind_check_account(L, 1);
  const char *kind = luaL_checkstring(L, 2);
  const char *given = luaL_optstring(L, 3, NULL);
  esim_lore *lore = esim_lores_find(&a->lores, kind);
  if (given != NULL) {
    bool kept = lore->key != NULL && strcmp(lore->key, kind) == 0 &&
                esim_lore_read(lore, given);
    lua_pushboolean(L, kept);
  } else {
    char text[ESIM_EXPERIENCE_TEXT];
    size_t size = esim_lore_write(lore, text);
    lua_pushlstring(L, text, size);
  }
  return 1;
}

/* account:kinds() -> list of the kinds of orders that have an experience */
static int account_kinds(lua_State *L) {
  esim_account *a = bind_check_account(L, 1);
  int count = 0;
  lua_newtable(L);
  esim_lore *lore = NULL;
  while ((lore = esim_lores_next(&a->lores, lore)) != NULL) {
    lua_pushstring(L, lore->key);
    lua_rawseti(L, -2, ++count);
  }
  return 1;
}

static const luaL_Reg methods[] = {
  { "rate", account_rate },
  { "experience", account_experience },
  { "kinds", account_kinds },
  { "token", account_token },
  { NULL, NULL }
};

static const luaL_Reg metamethods[] = {
  { "__gc", account_close },
  { "__close", account_close },
  { NULL, NULL }
};

static const luaL_Reg functions[] = {
  { "account", account_open },
  { NULL, NULL }
};

void bind_account(lua_State *L) {
  luaL_newmetatable(L, TYPE);
  luaL_setfuncs(L, metamethods, 0);
  luaL_newlib(L, methods);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_setfuncs(L, functions, 0);
}

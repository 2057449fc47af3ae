#ifndef ESIM_ACCOUNT_H
#define ESIM_ACCOUNT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "fault.h"
#include "heap.h"
#include "hold.h"
#include "lore.h"
#include "turns.h"
#include "wire.h"

#define ESIM_COMMON_MAX 4  /* header lines that all its exchanges have */

/* What an account is made of; strings are copied. */
typedef struct esim_account_spec {
  const char *url;       /* the base of every target */
  const char *order_path;    /* what an order's id follows; NULL: nobody asks */
  const char *correlation;   /* what a correlation id follows in its header
                                line, "Name: "; NULL: there are none */
  esim_trust trust;
  const char *const *lines;  /* headers of every exchange, "Name: value" */
  unsigned line_count;   /* at most ESIM_COMMON_MAX */
  double rate;           /* requests a second; 0: unlimited */
  double timeout;        /* seconds for one exchange */
  unsigned connections;  /* exchanges on the wire at a time, 1 or more */
  bool allow_http;       /* http to others than this machine */
  bool records;          /* somebody wants to know of each exchange */
  bool awaits_token;     /* without one, what is signed is held; else it goes
                            unsigned */
} esim_account_spec;

/*
** One set of credentials: whatever is ordered or looked at with it shares its
** token, rate, connections, and pause. Held by references.
*/
typedef struct esim_account {
  atomic_uint references;

  /* Never changed. */
  char *url;
  size_t url_size;
  const char *order_path, *correlation;  /* NULL: none */
  esim_site site;
  const char *lines[ESIM_COMMON_MAX];  /* headers of every exchange */
  unsigned line_count;
  double timeout;
  unsigned connections;
  bool records;

  /* Not changed once something was submitted. */
  double rate;

  esim_lores lores;     /* what its orders took */

  /* Guarded by the gate. */
  char *authorization;  /* the header line; NULL: no token yet */
  esim_life life;       /* the token's */
  bool given_up;        /* "there is no new token": the driver has yet to see */
  unsigned posted;      /* to the engine of this birth; 0: not */
  struct esim_account *next_posted;

  /* The driver's alone. */
  esim_heap orders;     /* orders, requests and calls, first come first */
  esim_turns looks;     /* looks at orders, that are due */
  esim_heap bare;       /* requests with credentials of their own */
  esim_timer wake;      /* when the next one may go */
  esim_hold hold;
  double submitted;     /* when the last wait for an order was */
  unsigned in_flight;
  unsigned orders_run;  /* that went since the last look */
  unsigned known;       /* to the engine of this birth */
  bool dirty;           /* listed to be served */
  struct esim_account *next_dirty;
} esim_account;

/*
** A new account with one reference; NULL: *fault is ESIM_URL (also the path of
** its orders), ESIM_HEADER (a line) or ESIM_MEMORY.
*/
esim_account *esim_account_open(const esim_account_spec *spec,
                                esim_fault *fault);

void esim_account_retain(esim_account *account);

/* The last reference frees it; the token is wiped. */
void esim_account_release(esim_account *account);

/*
** A new bearer token (RFC 6750 section 2.1), `size` bytes. Seconds from now:
** `stale`, after which it should be replaced, and `ends`, after which it must
** not be used any more; INFINITY: never. ESIM_HEADER when it is empty or holds
** what a header must not.
*/
esim_fault esim_account_token(esim_account *account, const char *token,
                              size_t size, double stale, double ends);

/*
** *line: a copy of the present Authorization line (NULL: no token yet), to be
** ended with esim_account_forget(). *serial: the token's. False: no memory.
*/
bool esim_account_sign(esim_account *account, char **line, unsigned *serial);

/* How long the present token is good for. */
esim_life esim_account_life(esim_account *account);

/* The driver's: let what holds the account know of the present token. */
void esim_account_hear(esim_account *account);

/* Wipe and free such a line; NULL is legal. */
void esim_account_forget(char *line);

/* Whether `size` bytes may stand in a header: no control character. */
bool esim_header_clean(const char *text, size_t size);

#endif

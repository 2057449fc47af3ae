#ifndef ESIM_HOLD_H
#define ESIM_HOLD_H

#include <stdbool.h>

/*
** What holds an account's work back: its rate, a pause that the provider asked
** for, a 401, the end of its token. All times are esim_clock()'s and handed in;
** the driver alone has it.
*/

/* How long a token is good for. */
typedef struct esim_life {
  unsigned serial;  /* of the token: 0 for none, then 1, 2, … */
  double stale;     /* it should be replaced; INFINITY: never */
  double ends;      /* it must not be used any more; INFINITY: never */
} esim_life;

typedef struct esim_hold {
  double next_start;    /* before which the rate lets none go */
  double paused_until;  /* Retry-After */
  double refused_until; /* after a 401: none goes before a new token or then */
  double told_until;    /* before which nobody else is told to renew */
  esim_life life;       /* of the token, as the driver knows it */
} esim_hold;

/* The token is this one: where it is another, what an old one held is free. */
void esim_hold_token(esim_hold *hold, const esim_life *life);

/* One goes out, of `rate` a second (0: unlimited). */
void esim_hold_spend(esim_hold *hold, double rate, double now);

/* The provider asks for a pause. */
void esim_hold_pause(esim_hold *hold, double until);

/* The present token was refused. */
void esim_hold_refuse(esim_hold *hold, double now);

/* There is no new token: what waited for one is answered, others may try. */
void esim_hold_give_up(esim_hold *hold);

/* When the next may go that brings its own credentials. */
double esim_hold_bare(const esim_hold *hold);

/* When the next may go that is signed; INFINITY: not with this token. */
double esim_hold_signed(const esim_hold *hold, double now);

/* Whether only a new token lets what is signed go on. */
bool esim_hold_waits(const esim_hold *hold, double now);

/* Whether the token must not be used any more. */
bool esim_hold_ended(const esim_hold *hold, double now);

/*
** When somebody is to be told to renew the token, INFINITY: never; and somebody
** is. The next one is told only when that has not helped, for he may be gone.
*/
double esim_hold_tell(const esim_hold *hold);
void esim_hold_told(esim_hold *hold, double now);

#endif

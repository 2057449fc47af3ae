#include "hold.h"

#include <math.h>

#define SLACK 0.005  /* seconds that a late start may catch up on the rate */
#define HOLD 30.0    /* seconds that a 401 holds, should no word come */
#define TOLD 5.0     /* seconds that who was told has for a new token */
#define AGAIN 0.2    /* seconds before one is told that a new one is stale */

void esim_hold_token(esim_hold *h, const esim_life *life) {
  if (h->life.serial != life->serial) {
    h->told_until -= TOLD - AGAIN;
    h->refused_until = 0;
  }
  h->life = *life;
}

void esim_hold_spend(esim_hold *h, double rate, double now) {
  if (rate > 0)
    h->next_start = fmax(h->next_start, now - SLACK) + 1 / rate;
}

void esim_hold_pause(esim_hold *h, double until) {
  h->paused_until = fmax(h->paused_until, until);
}

void esim_hold_refuse(esim_hold *h, double now) {
  h->refused_until = now + HOLD;
}

void esim_hold_give_up(esim_hold *h) {
  h->refused_until = 0;
}

double esim_hold_bare(const esim_hold *h) {
  return fmax(h->next_start, h->paused_until);
}

double esim_hold_signed(const esim_hold *h, double now) {
  return esim_hold_ended(h, now) ? INFINITY
                                 : fmax(esim_hold_bare(h), h->refused_until);
}

bool esim_hold_waits(const esim_hold *h, double now) {
  return h->refused_until > now || esim_hold_ended(h, now);
}

bool esim_hold_ended(const esim_hold *h, double now) {
  return now >= h->life.ends;
}

/* A 401 has told somebody already. */
double esim_hold_tell(const esim_hold *h) {
  return fmax(fmin(h->life.stale, h->life.ends),
              fmax(h->told_until, h->refused_until));
}

void esim_hold_told(esim_hold *h, double now) {
  h->told_until = now + TOLD;
}

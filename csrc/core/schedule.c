#include "schedule.h"

#include <math.h>

#define SPREAD 0.1          /* of each interval of the rule */
#define SPREAD_TOGETHER 0.5 /* of the first, for orders submitted together */
#define RETRY_FIRST 1.0     /* seconds; doubled by each failure */
#define RETRY_CAP 20.0
#define SECONDS_MAX 1e9     /* a Retry-After beyond thirty years is a mistake */

/*
** With c = last + 1 and u = (t + 1)/c the unseen waiting at age t is
** ESIM_PRIOR * c * (u ln u - u + 1). Its root is found by Newton's method from
** the parabola's, which lies to the left; the function is convex, so the first
** step overshoots and the rest descend.
*/
double esim_schedule_due(double price, double last) {
  double c = last + 1;
  double wanted = price / (ESIM_PRIOR * c);
  double u = 1 + sqrt(2 * wanted);
  if (wanted < 1e-9)  /* too close to 1 for the logarithm to tell */
    return u * c - 1;
  for (int i = 0; i < 8; i++)
    u -= (u * log(u) - u + 1 - wanted) / log(u);
  return u * c - 1;
}

static double spread(double interval, double share, double chance) {
  return interval * (1 + share * (2 * chance - 1));
}

static double own_next(const esim_schedule *s, double last, unsigned looks,
                       double chance) {
  double interval = s->first * pow(s->factor, looks);
  return last + spread(fmin(interval, s->cap), s->jitter, chance);
}

static double due(const esim_schedule *s, const esim_experience *x,
                  double last) {
  if (x == NULL || !esim_experience_any(x))
    return esim_schedule_due(s->price, last);
  return esim_experience_due(x, s->price, last, last + ESIM_INTERVAL_MAX);
}

double esim_schedule_next(const esim_schedule *s, const esim_experience *x,
                          double last, unsigned looks, bool together,
                          double chance) {
  if (s->price == 0)
    return own_next(s, last, looks, chance);
  double share = together && looks == 0 ? SPREAD_TOGETHER : SPREAD;
  double interval = spread(due(s, x, last) - last, share, chance);
  return last + fmin(fmax(interval, ESIM_INTERVAL_MIN), ESIM_INTERVAL_MAX);
}

double esim_schedule_retry(unsigned failures, double retry_after,
                           double chance) {
  double ceiling = fmin(ldexp(RETRY_FIRST, (int)(failures - 1)), RETRY_CAP);
  double wait = fmax(ceiling * chance, ESIM_INTERVAL_MIN);
  return fmax(wait, retry_after);
}

double esim_schedule_bound(double due, double deadline) {
  return fmin(due, deadline);
}

double esim_schedule_seconds(const char *text) {
  double seconds = 0;
  if (*text == '\0')
    return -1;
  for (; *text >= '0' && *text <= '9'; text++)
    seconds = fmin(seconds * 10 + (*text - '0'), SECONDS_MAX);
  return *text == '\0' ? seconds : -1;
}

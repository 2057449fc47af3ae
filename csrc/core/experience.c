#include "experience.h"

#include <math.h>
#include <stdio.h>

#define FIRST 0.25      /* seconds: the upper end of the first bin */
#define WEIGHT 0.1      /* completions that the prior counts for */
#define FLOOR 0.1       /* of the prior: a sudden speed-up is to be noticed */
#define FADE (1 - 1.0 / 300)  /* what a completion leaves of what was before */
#define MOST 1e12       /* of a number in a text */
#define LEAST 1e-6      /* what is less is told as nothing */

/* Bins. */

static const double quarter[4] = { 1, 1.189207115002721, 1.4142135623730951,
                                   1.681792830507429 };

/* The age at which bin `k` ends, and the next one begins. */
static double end_of(unsigned k) {
  if (k + 1 >= ESIM_BINS)
    return INFINITY;
  return FIRST * quarter[k & 3] * (double)(1u << (k >> 2));
}

static double begin_of(unsigned k) {
  return k == 0 ? 0 : end_of(k - 1);
}

unsigned esim_experience_bin(double age) {
  if (!(age >= FIRST))
    return 0;
  if (age >= end_of(ESIM_BINS - 2))
    return ESIM_BINS - 1;
  int octave;
  double part = 2 * frexp(age / FIRST, &octave);  /* 1 to 2 */
  unsigned k = 1 + 4 * (unsigned)(octave - 1);
  return k + (part >= quarter[1]) + (part >= quarter[2]) + (part >= quarter[3]);
}

/* The chance of completion a second in bin `k`. */
static double chance_in(const esim_experience *x, unsigned k) {
  double begin = begin_of(k);
  double middle = k + 1 < ESIM_BINS ? (begin + end_of(k)) / 2 : begin;
  double prior = ESIM_PRIOR / (middle + 1);
  double h = (x->completed[k] + WEIGHT) / (x->exposed[k] + WEIGHT / prior);
  return fmax(h, FLOOR * prior);
}

bool esim_experience_any(const esim_experience *x) {
  for (unsigned k = 0; k < ESIM_BINS; k++)
    if (x->exposed[k] > 0 || x->completed[k] > 0)
      return true;
  return false;
}

/* Waiting. */

/*
** In a bin the chance h is constant: `width` seconds on, the unseen waiting is
** seen + gone * width + h * width^2 / 2, where `gone` is what h summed up to
** since the last look.
*/
double esim_experience_due(const esim_experience *x, double price, double last,
                           double most) {
  double at = last, seen = 0, gone = 0;
  for (unsigned k = esim_experience_bin(last); k < ESIM_BINS; k++) {
    double h = chance_in(x, k), left = price - seen;
    double width = 2 * left / (gone + sqrt(gone * gone + 2 * h * left));
    double end = fmin(end_of(k), most);
    if (at + width <= end)
      return at + width;
    if (end >= most)
      return most;
    width = fmax(end - at, 0);
    seen += width * (gone + h * width / 2);
    gone += h * width;
    at = end;
  }
  return most;
}

/* Between two bins' beginnings it is as within a bin. */
void esim_experience_draw(const esim_experience *x, esim_curve *c) {
  double gone = 0, waited = 0, begin = 0;
  for (unsigned k = 0; k < ESIM_BINS; k++) {
    double h = chance_in(x, k), end = end_of(k), width = end - begin;
    c->chance[k] = h;
    c->gone[k] = gone;
    c->waited[k] = waited;
    waited += width * (gone + h * width / 2);
    gone += h * width;
    begin = end;
  }
}

double esim_curve_unseen(const esim_curve *c, double last, double age) {
  unsigned k = esim_experience_bin(last), n = esim_experience_bin(age);
  double from = last - begin_of(k), to = age - begin_of(n);
  double before = c->waited[k] + from * (c->gone[k] + c->chance[k] * from / 2);
  double after = c->waited[n] + to * (c->gone[n] + c->chance[n] * to / 2);
  double gone = c->gone[k] + c->chance[k] * from;
  return fmax(after - before - gone * (age - last), 0);
}

/* Learning. */

static void fade(esim_experience *x) {
  for (unsigned k = 0; k < ESIM_BINS; k++) {
    x->completed[k] *= (float)FADE;
    x->exposed[k] *= (float)FADE;
  }
}

static void learn_open(esim_experience *x, double from, double to) {
  double at = from;
  for (unsigned k = esim_experience_bin(from); at < to; k++) {
    double end = fmin(end_of(k), to);
    x->exposed[k] += (float)fmax(end - at, 0);
    at = end;
  }
}

/* What the chances in the bins between two ages sum up to. */
static double sum(const esim_experience *x, double from, double to) {
  double gone = 0, at = from;
  for (unsigned k = esim_experience_bin(from); at < to; k++) {
    double end = fmin(end_of(k), to);
    gone += chance_in(x, k) * fmax(end - at, 0);
    at = end;
  }
  return gone;
}

/*
** One step of expectation and maximisation: by the present chances, how likely
** the completion is in each bin, and how long the order is open there.
*/
static void learn_done(esim_experience *x, double from, double to) {
  double gone = sum(x, from, to);
  double sure = -expm1(-gone), still = exp(-gone), open = 1, at = from;
  for (unsigned k = esim_experience_bin(from); at < to; k++) {
    double end = fmin(end_of(k), to), width = fmax(end - at, 0);
    double h = chance_in(x, k), done = open * -expm1(-h * width);
    double exposed = (done / h - width * still) / sure;
    x->completed[k] += (float)(done / sure);
    x->exposed[k] += (float)fmin(fmax(exposed, 0), width);
    open -= done;
    at = end;
  }
}

/* Nor is anything learned of what a clock that was set wrong makes of it. */
void esim_experience_learn(esim_experience *x, double from, double to,
                           bool done) {
  if (!(from >= 0 && to > from && isfinite(to)))
    return;
  if (!done) {
    learn_open(x, from, to);
    return;
  }
  fade(x);
  learn_done(x, from, to);
}

/* Text: each number as digits and, where it is not whole, `e` and a power. */

static size_t write_number(char *to, double number) {
  if (number < LEAST)
    return (size_t)sprintf(to, "0");
  int power = (int)floor(log10(number)) - 5;
  unsigned digits = (unsigned)lround(number * pow(10, -power));
  for (; digits % 10 == 0; digits /= 10)
    power++;
  return (size_t)sprintf(to, power == 0 ? "%u" : "%ue%d", digits, power);
}

size_t esim_experience_write(const esim_experience *x,
                             char text[ESIM_EXPERIENCE_TEXT]) {
  size_t size = 0, last = 0;
  text[0] = '\0';
  for (unsigned k = 0; k < ESIM_BINS; k++) {
    if (size > 0)
      text[size++] = ' ';
    size += write_number(text + size, fmin(x->completed[k], MOST));
    text[size++] = ' ';
    size += write_number(text + size, fmin(x->exposed[k], MOST));
    if (x->completed[k] >= LEAST || x->exposed[k] >= LEAST)
      last = size;
  }
  text[last] = '\0';
  return last;
}

/* Up to seven digits; behind them, or NULL. */
static const char *read_digits(const char *at, double *number) {
  unsigned count = 0;
  for (*number = 0; *at >= '0' && *at <= '9'; at++, count++)
    *number = *number * 10 + (*at - '0');
  return count >= 1 && count <= 7 ? at : NULL;
}

static const char *read_number(const char *at, float *number) {
  double digits, power = 0;
  at = read_digits(at, &digits);
  if (at != NULL && *at == 'e') {
    bool less = *++at == '-';
    at = read_digits(at + less, &power);
    power = less ? -power : power;
  }
  if (at == NULL || fabs(power) > 20)
    return NULL;
  double value = digits * pow(10, power);
  *number = (float)value;
  return value <= 1.1 * MOST ? at : NULL;
}

bool esim_experience_read(esim_experience *x, const char *at) {
  esim_experience read = { { 0 }, { 0 } };
  for (unsigned i = 0; *at != '\0'; i++) {
    if (i >= 2 * ESIM_BINS || (i > 0 && *at++ != ' '))
      return false;
    at = read_number(at, i % 2 == 0 ? &read.completed[i / 2]
                                    : &read.exposed[i / 2]);
    if (at == NULL)
      return false;
  }
  *x = read;
  return true;
}

#ifndef ESIM_EXPERIENCE_H
#define ESIM_EXPERIENCE_H

#include <stdbool.h>
#include <stddef.h>

/*
** What the orders of one kind took: by age, in bins of a quarter of an octave,
** how many were completed and for how long some were open. Pure: ages (seconds
** since the order was accepted) are handed in.
*/

#define ESIM_BINS 64
#define ESIM_EXPERIENCE_TEXT 2048  /* room for esim_experience_write() */

/* The chance of completion a second at age t: ESIM_PRIOR/(t + 1), unlearned. */
#define ESIM_PRIOR 0.7

/* All zero: no experience. */
typedef struct esim_experience {
  float completed[ESIM_BINS];  /* orders, the older ones faded */
  float exposed[ESIM_BINS];    /* seconds */
} esim_experience;

/* The bin of an age, 0 or more. */
unsigned esim_experience_bin(double age);

/* Whether there is any. */
bool esim_experience_any(const esim_experience *experience);

/*
** The age at which the expected unseen waiting since a look at age `last`
** reaches `price` (seconds); it is looked for up to age `most` only.
*/
double esim_experience_due(const esim_experience *experience, double price,
                           double last, double most);

/* What follows from an experience at each age, to be asked more than once. */
typedef struct esim_curve {
  double chance[ESIM_BINS];  /* of completion, a second, in a bin */
  double gone[ESIM_BINS];    /* what it sums up to before the bin */
  double waited[ESIM_BINS];  /* and what that sums up to */
} esim_curve;

void esim_experience_draw(const esim_experience *experience,
                          esim_curve *curve);

/* The expected unseen waiting at age `age` since a look at age `last`. */
double esim_curve_unseen(const esim_curve *curve, double last, double age);

/*
** A look at age `to` found it still open, or `done`, which it was not at age
** `from`.
*/
void esim_experience_learn(esim_experience *experience, double from, double to,
                           bool done);

/*
** As text, numbers with spaces in between, six digits of each; its length.
** Read it again; false: it is none, and nothing is changed. The locale, which
** is the host's, has no part in it.
*/
size_t esim_experience_write(const esim_experience *experience,
                             char text[ESIM_EXPERIENCE_TEXT]);
bool esim_experience_read(esim_experience *experience, const char *text);

#endif

#include "lull.h"

#include <math.h>

#define CROWD 64
#define PART 0.1       /* of what the fastest of late took */
#define SHORTEST 0.001 /* seconds; less is not worth a wait of its own */
#define LONGEST 0.005
#define URGENT 0.01    /* seconds until libcurl's next timer */
#define MEMORY 64      /* each exchange may be so much slower than the last */

/* Slow ones must not make us forget a fast one at once. */
void esim_lull_learn(esim_lull *lull, double took) {
  double grown = lull->quick + lull->quick / MEMORY;
  lull->quick = grown > 0 ? fmin(took, grown) : took;
}

double esim_lull_left(const esim_lull *lull, int flying, unsigned unbegun,
                      double timer, double now) {
  double length = fmin(lull->quick * PART, LONGEST);
  if (flying < CROWD || unbegun > 0 || length < SHORTEST ||
      timer < now + URGENT)
    return 0;
  return fmax(lull->heard + length - now, 0);
}

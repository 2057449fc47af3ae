#ifndef ESIM_LULL_H
#define ESIM_LULL_H

/*
** Answers that are taken one by one cost a tenth more than those that are taken
** together: each wakes us, and finds other things in the processor's caches.
** Where a crowd is awaited, and even the fastest of late took its time, sockets
** are let alone for a lull, so that an answer lies no longer than a part of
** what that one took. Times are esim_clock()'s, or seconds, and handed in.
*/
typedef struct esim_lull {
  double quick;   /* seconds that the fastest exchange of late took */
  double heard;   /* when sockets were heard last */
} esim_lull;

/* An exchange took that long. */
void esim_lull_learn(esim_lull *lull, double took);

/*
** Seconds for which the sockets are let alone yet: 0 where fewer than a crowd
** are `flying`, of these some are `unbegun` (a request is yet to be written),
** or `timer`, libcurl's next one, is due soon: what has come by then is in
** time.
*/
double esim_lull_left(const esim_lull *lull, int flying, unsigned unbegun,
                      double timer, double now);

#endif

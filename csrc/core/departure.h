#ifndef ESIM_DEPARTURE_H
#define ESIM_DEPARTURE_H

#include "queues.h"
#include "wire.h"

/*
** What goes out: of each account that may have something to start, as much as
** its connections and what holds it allow, and whose turn it is. Called by
** dispatch.c at the end of each run, when all that may start is in its queue.
*/
void esim_departure_serve(esim_queues *queues, esim_wire *wire, double now);

#endif

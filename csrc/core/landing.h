#ifndef ESIM_LANDING_H
#define ESIM_LANDING_H

#include "queues.h"
#include "work.h"

/*
** What came back: whether it is the outcome, or is tried again, and what it
** says of the account. Called by dispatch.c for each exchange that the wire has
** done, whoever wants it.
*/
void esim_landing_land(esim_queues *queues, esim_work *work, double now);

#endif

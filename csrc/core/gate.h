#ifndef ESIM_GATE_H
#define ESIM_GATE_H

#include <pthread.h>

/*
** The one lock between those who submit and take and the one who drives: it
** guards tokens, what was posted to the engine, and what lies in the inboxes.
** It is held for a few instructions at a time, never across a system call that
** waits, and around a fork, so that the child finds whole lists.
*/
extern pthread_mutex_t esim_gate;

#endif

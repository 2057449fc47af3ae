#ifndef ESIM_BELL_H
#define ESIM_BELL_H

/*
** One descriptor for a whole process, readable when something was delivered
** that a waiter of the host's waits for, in whichever inbox. It is for a host
** that can watch a descriptor for good, but not one for each Lua state.
*/

/* With the gate: the descriptor, made at the first call; -1: there is none. */
int esim_bell_open(void);

/* With the gate: close it; it rings no more until it is opened again. */
void esim_bell_close(void);

/* With the gate: make it readable. It is rung once until it is heard. */
void esim_bell_ring(void);

/*
** Without the gate, then with it: it was heard. What is delivered in between
** is found by whoever goes over the inboxes next, with the gate still held.
*/
void esim_bell_hush(void);
void esim_bell_heard(void);

#endif

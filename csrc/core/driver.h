#ifndef ESIM_DRIVER_H
#define ESIM_DRIVER_H

#include <pthread.h>
#include <stdbool.h>

#include "account.h"
#include "dispatch.h"
#include "fault.h"
#include "inbox.h"
#include "wire.h"
#include "work.h"

/*
** Who moves the work on: one at a time has the role, either the engine's own
** thread or, in a plain script, the caller who waits. What others post is taken
** in at the beginning of each lap, what is done is delivered at its end.
*/
typedef struct esim_driver {
  /* The role's alone. */
  esim_wire *wire;
  esim_dispatch dispatch;

  pthread_t thread, caller;
  pthread_cond_t turn;     /* nobody has the role */
  pthread_cond_t call;     /* for the thread */
  unsigned birth;          /* 1 for the process's first */

  /* Guarded by the gate. */
  enum { NOBODY, CALLER, THREAD } role;
  bool hosted;             /* the thread drives, whoever waits */
  bool asleep;             /* what was posted is taken: ring for more */
  bool wanted;             /* a caller asks the thread for the role */
  bool resting;            /* the thread waits until it is called */
  bool stopping;
  bool busy;               /* there is work */
  unsigned long laps;      /* of callers */
  esim_work *posted, **posted_end;
  esim_account *nudged;    /* accounts with news about their token */
} esim_driver;

/* With the gate held: a driver and its thread; NULL: *fault says why. */
esim_driver *esim_driver_open(unsigned birth, bool hosted, esim_fault *fault);

/*
** Without it: stop, deliver what is left as ESIM_CANCELLED, free. False: not
** possible from here, everything is left as it is.
*/
bool esim_driver_close(esim_driver *driver);

/* All with the gate held; esim_driver_wait() lets go of it meanwhile. */

/* Work that is new, is to look again, or is dropped. */
void esim_driver_post(esim_driver *driver, esim_work *work);

/* An account with news about its token. */
void esim_driver_nudge(esim_driver *driver, esim_account *account);

/* From now on the thread drives, and who waits waits for a descriptor. */
void esim_driver_host(esim_driver *driver);

/*
** Drive until `inbox` holds something, `deadline` (esim_clock()), a signal, or
** until the driver is hosted.
*/
void esim_driver_wait(esim_driver *driver, const esim_inbox *inbox,
                      double deadline);

#endif

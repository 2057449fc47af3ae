#ifndef ESIM_POLLER_H
#define ESIM_POLLER_H

#include <stdbool.h>
#include <stddef.h>

/*
** Descriptors to watch, over epoll. Epoll is told as late as possible: most
** changes of interest are undone before anybody waits, and a connection that
** nobody wants to hear of is, until it is used again, most often silent. A bell
** ends the wait from another thread. One thread at a time uses a poller;
** esim_poller_ring() and the fork functions may come from others.
*/
typedef struct esim_poller esim_poller;

#define ESIM_READABLE 1
#define ESIM_WRITABLE 2

typedef struct esim_ready {
  int fd;
  unsigned owner;  /* as it was told when it was watched */
  int what;        /* ESIM_READABLE | ESIM_WRITABLE */
  bool broken;
} esim_ready;

/* A poller; NULL: no memory or no descriptor. */
esim_poller *esim_poller_open(void);

void esim_poller_close(esim_poller *poller);

/*
** A socket that no executed program inherits, and its end. The poller knows
** which sockets are open. -1 with errno set when there is none.
*/
int esim_poller_socket(esim_poller *poller, int family, int type, int protocol);
int esim_poller_close_socket(esim_poller *poller, int fd);

/* Watch `fd` for `what`, on behalf of `owner`; 0: no longer. */
void esim_poller_watch(esim_poller *poller, int fd, int what, unsigned owner);

/*
** Wait `seconds` at most (negative: for ever) and write down which are ready,
** up to `room`. Their number; 0 also when the bell rang; -1: a signal came.
** `more`: there may be others that are ready.
*/
int esim_poller_wait(esim_poller *poller, double seconds, esim_ready *ready,
                     int room, bool *more);

/*
** Wait `seconds` at most for the bell alone; what sockets have to say stays for
** the next esim_poller_wait(). False: a signal came.
*/
bool esim_poller_rest(esim_poller *poller, double seconds);

/* End the wait, or the next one, from any thread. */
void esim_poller_ring(esim_poller *poller);

/*
** Around a fork: hold the list of sockets still; let it go in the parent; in
** the child close this process's copies of all, and use the poller no more.
*/
void esim_poller_fork_prepare(esim_poller *poller);
void esim_poller_fork_parent(esim_poller *poller);
void esim_poller_fork_child(esim_poller *poller);

#endif

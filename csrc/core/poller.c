#include "poller.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define EVENTS 64
#if defined __GLIBC_PREREQ
#define FINE __GLIBC_PREREQ(2, 35)  /* it has epoll_pwait2() */
#endif
#define NONE (-1)  /* ends the list of descriptors to tell epoll about */

typedef struct interest {
  int have;        /* what epoll was told */
  int want;        /* what it is to be told */
  unsigned owner;
  bool ours;       /* made by esim_poller_socket() */
  bool listed;     /* in the list of those to tell */
  int next;
} interest;

struct esim_poller {
  int epoll, bell;
  interest *interests;   /* by descriptor */
  int count;
  int first;             /* of those to tell, or NONE */
  pthread_mutex_t lock;  /* guards growth and `ours` against a fork */
};

esim_poller *esim_poller_open(void) {
  esim_poller *p = calloc(1, sizeof *p);
  if (p == NULL)
    return NULL;
  p->first = NONE;
  pthread_mutex_init(&p->lock, NULL);
  p->epoll = epoll_create1(EPOLL_CLOEXEC);
  p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  struct epoll_event event = { .events = EPOLLIN,
                               .data.u64 = (uint64_t)p->bell };
  if (p->epoll < 0 || p->bell < 0 ||
      epoll_ctl(p->epoll, EPOLL_CTL_ADD, p->bell, &event) < 0) {
    esim_poller_close(p);
    return NULL;
  }
  return p;
}

void esim_poller_close(esim_poller *p) {
  if (p->epoll >= 0)
    close(p->epoll);
  if (p->bell >= 0)
    close(p->bell);
  pthread_mutex_destroy(&p->lock);
  free(p->interests);
  free(p);
}

/* Room for `fd`; the lock is held. */
static bool make_room(esim_poller *p, int fd) {
  if (fd < p->count)
    return true;
  int count = fd + 64;
  interest *grown = realloc(p->interests, (size_t)count * sizeof *grown);
  if (grown == NULL)
    return false;
  memset(grown + p->count, 0, (size_t)(count - p->count) * sizeof *grown);
  p->interests = grown;
  p->count = count;
  return true;
}

static uint32_t events_of(int what) {
  return (what & ESIM_READABLE ? EPOLLIN : 0u) |
         (what & ESIM_WRITABLE ? EPOLLOUT : 0u);
}

/* What epoll gives back of it: the descriptor, and whose it is above that. */
static struct epoll_event event_of(int fd, int what, unsigned owner) {
  uint64_t both = (uint64_t)owner << 32 | (uint32_t)fd;
  return (struct epoll_event){ .events = events_of(what), .data.u64 = both };
}

/* What is not wanted any more epoll goes on with until it has something. */
static void tell(esim_poller *p, int fd) {
  interest *i = &p->interests[fd];
  if (i->want == 0 || i->have == i->want)
    return;
  struct epoll_event event = event_of(fd, i->want, i->owner);
  epoll_ctl(p->epoll, i->have ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
  i->have = i->want;
}

static void forget(esim_poller *p, int fd) {
  interest *i = &p->interests[fd];
  struct epoll_event unused = { 0 };
  if (i->have)
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, &unused);
  i->have = 0;
}

int esim_poller_socket(esim_poller *p, int family, int type, int protocol) {
  pthread_mutex_lock(&p->lock);
  int fd = socket(family, type | SOCK_CLOEXEC, protocol);
  if (fd >= 0 && !make_room(p, fd)) {
    close(fd);
    errno = ENOMEM;
    fd = -1;
  }
  if (fd >= 0) {
    /* The last one of this number may have been closed behind our back. */
    p->interests[fd].have = p->interests[fd].want = 0;
    p->interests[fd].ours = true;
  }
  pthread_mutex_unlock(&p->lock);
  return fd;
}

int esim_poller_close_socket(esim_poller *p, int fd) {
  pthread_mutex_lock(&p->lock);
  forget(p, fd);
  p->interests[fd].want = 0;
  p->interests[fd].ours = false;
  int result = close(fd);
  pthread_mutex_unlock(&p->lock);
  return result;
}

/* Somebody else's descriptor, closed without a word: epoll has to know. */
static void tell_blindly(const esim_poller *p, int fd, int what,
                         unsigned owner) {
  struct epoll_event event = event_of(fd, what, owner);
  if (what == 0)
    epoll_ctl(p->epoll, EPOLL_CTL_DEL, fd, &event);
  else if (epoll_ctl(p->epoll, EPOLL_CTL_MOD, fd, &event) < 0)
    epoll_ctl(p->epoll, EPOLL_CTL_ADD, fd, &event);
}

void esim_poller_watch(esim_poller *p, int fd, int what, unsigned owner) {
  interest *i = fd < p->count ? &p->interests[fd] : NULL;
  if (i == NULL || !i->ours) {
    tell_blindly(p, fd, what, owner);
    return;
  }
  i->want = what;
  i->owner = owner;
  if (!i->listed) {
    i->listed = true;
    i->next = p->first;
    p->first = fd;
  }
}

static void tell_all(esim_poller *p) {
  while (p->first != NONE) {
    int fd = p->first;
    p->first = p->interests[fd].next;
    p->interests[fd].listed = false;
    tell(p, fd);
  }
}

/* `seconds`, rounded up: a timer must not fire early. */
static struct timespec time_of(double seconds) {
  struct timespec t = { (time_t)seconds, 0 };
  double rest = seconds - (double)t.tv_sec;
  t.tv_nsec = (long)fmin(ceil(rest * 1e9), 999999999);
  return t;
}

/* The same in whole milliseconds. */
static int milliseconds(double seconds) {
  if (seconds < 0)
    return -1;
  return (int)fmin(ceil(seconds * 1000), INT_MAX);
}

/*
** In milliseconds a look that is due after one would come after one to two.
** The finer call is Linux' since 5.11; what runs us may not let it through.
*/
static int wait_for(const esim_poller *p, struct epoll_event *events, int room,
                    double seconds) {
#if FINE
  static atomic_bool refused;
  if (seconds > 0 && seconds < INT_MAX && !atomic_load(&refused)) {
    struct timespec limit = time_of(seconds);
    int got = epoll_pwait2(p->epoll, events, room, &limit, NULL);
    if (got >= 0 || (errno != ENOSYS && errno != EPERM))
      return got;
    atomic_store(&refused, true);
  }
#endif
  return epoll_wait(p->epoll, events, room, milliseconds(seconds));
}

static void hush(const esim_poller *p) {
  uint64_t rings;
  (void)!read(p->bell, &rings, sizeof rings);
}

bool esim_poller_rest(esim_poller *p, double seconds) {
  struct pollfd bell = { .fd = p->bell, .events = POLLIN };
  struct timespec limit = time_of(seconds);
  int got = ppoll(&bell, 1, &limit, NULL);
  if (got > 0)
    hush(p);
  return got >= 0 || errno != EINTR;
}

/* Whether what `fd` has is the caller's; what is ours is seen to here. */
static bool pass(esim_poller *p, int fd) {
  if (fd == p->bell) {
    hush(p);
    return false;
  }
  if (fd < p->count && p->interests[fd].ours && p->interests[fd].want == 0) {
    forget(p, fd);
    return false;
  }
  return true;
}

int esim_poller_wait(esim_poller *p, double seconds, esim_ready *ready,
                     int room, bool *more) {
  struct epoll_event events[EVENTS];
  room = room < EVENTS ? room : EVENTS;
  tell_all(p);
  int got = wait_for(p, events, room, seconds);
  *more = got == room;
  if (got < 0)
    return errno == EINTR ? -1 : 0;
  int count = 0;
  for (int i = 0; i < got; i++) {
    int fd = (int)(uint32_t)events[i].data.u64;
    uint32_t e = events[i].events;
    if (!pass(p, fd))
      continue;
    ready[count].fd = fd;
    ready[count].owner = (unsigned)(events[i].data.u64 >> 32);
    ready[count].what = (e & EPOLLIN ? ESIM_READABLE : 0) |
                        (e & EPOLLOUT ? ESIM_WRITABLE : 0);
    ready[count++].broken = (e & (EPOLLERR | EPOLLHUP)) != 0;
  }
  return count;
}

void esim_poller_ring(esim_poller *p) {
  uint64_t one = 1;
  (void)!write(p->bell, &one, sizeof one);
}

void esim_poller_fork_prepare(esim_poller *p) {
  pthread_mutex_lock(&p->lock);
}

void esim_poller_fork_parent(esim_poller *p) {
  pthread_mutex_unlock(&p->lock);
}

void esim_poller_fork_child(esim_poller *p) {
  for (int fd = 0; fd < p->count; fd++)
    if (p->interests[fd].ours)
      close(fd);
  close(p->epoll);
  close(p->bell);
  pthread_mutex_unlock(&p->lock);
}

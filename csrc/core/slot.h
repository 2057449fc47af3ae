#ifndef ESIM_SLOT_H
#define ESIM_SLOT_H

#include <curl/curl.h>
#include <stdbool.h>

#include "fault.h"
#include "wire.h"

/*
** A place on the wire: one of libcurl's handles, and what an exchange needs
** beside it. What libcurl is told of an exchange, and what it tells of it, is
** here; when and with which others it runs is the wire's.
*/
typedef struct esim_slot {
  CURL *easy;
  CURLU *url;               /* of the site, with the path of the exchange */
  unsigned long site;       /* whose manners libcurl was told; 0: none */
  bool located;             /* libcurl is told that URL, not a text */
  bool posted, named;       /* it was told of a body, of a method */
  bool spent;               /* the exchange did not end well */
  esim_exchange *exchange;  /* NULL: idle */
  struct curl_slist lines[ESIM_LINES_MAX];  /* made here: no allocation */
  char error[CURL_ERROR_SIZE];
  esim_fault fault;         /* why a callback refused to go on */
  bool begun;               /* the request was begun */
  unsigned resent;          /* by libcurl itself, after a connection died */
  long before;              /* bytes that were written before it: a proxy's */
  unsigned lane;            /* the wire's: where it flies */
  unsigned *unbegun;        /* the wire's: how many have not begun */
  struct esim_slot *next, *previous;  /* the wire's: of those idle, or flying */
} esim_slot;

/* Who makes and closes libcurl's sockets. */
typedef struct esim_sockets {
  curl_opensocket_callback open;
  curl_closesocket_callback close;
  void *data;
} esim_sockets;

/* An idle slot; NULL: no memory. */
esim_slot *esim_slot_open(void);

void esim_slot_close(esim_slot *slot);

/* Make it fit for one more exchange, of `site`; false: no memory, close it. */
bool esim_slot_renew(esim_slot *slot, const esim_site *site);

/*
** Tell libcurl everything about `exchange`; `fresh`: on a new connection.
** False: no memory; it is to be unloaded all the same.
*/
bool esim_slot_load(esim_slot *slot, esim_exchange *exchange,
                    const esim_sockets *sockets, bool fresh);

/* Write down in the exchange's answer what became of it. */
void esim_slot_tell(esim_slot *slot, CURLcode code);

/* Write down how it went so far, where it is timed. Telling does it too. */
void esim_slot_measure(esim_slot *slot);

/*
** Forget the exchange. What its site has in common libcurl goes on knowing, if
** the exchange ended well; else it starts anew.
*/
void esim_slot_unload(esim_slot *slot);

#endif

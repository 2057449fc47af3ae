/*
** Preloaded: one name takes 3 seconds to be not found, as with a name server
** that does not answer.
*/

#include <dlfcn.h>
#include <netdb.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(const char *, const char *, const struct addrinfo *,
                    struct addrinfo **);

int getaddrinfo(const char *node, const char *service,
                const struct addrinfo *hints, struct addrinfo **result) {
  look_up *real;
  void *symbol = dlsym(RTLD_NEXT, "getaddrinfo");
  memcpy(&real, &symbol, sizeof real);
  if (node != NULL && strcmp(node, "slow.invalid.example") == 0) {
    sleep(3);
    return EAI_AGAIN;
  }
  return real(node, service, hints, result);
}

#ifndef ESIM_VERSION_H
#define ESIM_VERSION_H

/* The one place where the version is written; a spec compares the others. */
#define ESIM_VERSION "0.1.0"

#endif

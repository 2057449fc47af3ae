#ifndef ESIM_PROCESS_H
#define ESIM_PROCESS_H

/* A number that is another one in each child of a fork. From any thread. */
double esim_process(void);

#endif

#ifndef ESIM_IDENT_H
#define ESIM_IDENT_H

#include <stddef.h>

#include "fault.h"

/*
** EID: 32 decimal digits, 1 modulo 97 (SGP.29; ISO/IEC 7064 MOD 97-10).
** ESIM_OK, ESIM_LENGTH, ESIM_DIGIT or ESIM_CHECK.
*/
esim_fault esim_eid_check(const char *text, size_t size);

/*
** ICCID: 18 to 20 digits, the last a Luhn digit (ITU-T E.118); `F` padding at
** the end is tolerated. The same faults.
*/
esim_fault esim_iccid_check(const char *text, size_t size);

#endif

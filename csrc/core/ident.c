#include "ident.h"

#include <stdbool.h>

#define EID_SIZE 32
#define ICCID_MIN 18
#define ICCID_MAX 20

static bool all_digits(const char *text, size_t size) {
  for (size_t i = 0; i < size; i++)
    if (text[i] < '0' || text[i] > '9')
      return false;
  return true;
}

esim_fault esim_eid_check(const char *text, size_t size) {
  unsigned rest = 0;
  if (size != EID_SIZE)
    return ESIM_LENGTH;
  if (!all_digits(text, size))
    return ESIM_DIGIT;
  for (size_t i = 0; i < size; i++)
    rest = (rest * 10 + (unsigned)(text[i] - '0')) % 97;
  return rest == 1 ? ESIM_OK : ESIM_CHECK;
}

/* From the right, every second digit counts twice, its own digits summed. */
static bool is_luhn(const char *text, size_t size) {
  unsigned sum = 0;
  for (size_t i = 0; i < size; i++) {
    unsigned digit = (unsigned)(text[size - 1 - i] - '0');
    if (i % 2 == 1)
      digit = digit * 2 > 9 ? digit * 2 - 9 : digit * 2;
    sum += digit;
  }
  return sum % 10 == 0;
}

esim_fault esim_iccid_check(const char *text, size_t size) {
  if (size > ICCID_MAX)
    return ESIM_LENGTH;
  while (size > 0 && (text[size - 1] == 'F' || text[size - 1] == 'f'))
    size--;
  if (size < ICCID_MIN)
    return ESIM_LENGTH;
  if (!all_digits(text, size))
    return ESIM_DIGIT;
  return is_luhn(text, size) ? ESIM_OK : ESIM_CHECK;
}

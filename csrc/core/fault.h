#ifndef ESIM_FAULT_H
#define ESIM_FAULT_H

/*
** Everything that can go wrong below Lua, in one list: the constant in C,
** the word that Lua and the specs see, and the sentence that a person reads.
** A word is stable: scripts compare it.
*/
#define ESIM_FAULTS(X) \
  /* identifiers: EID, ICCID */ \
  X(LENGTH, "length", "has the wrong number of characters") \
  X(DIGIT, "digit", "holds a character that is not a digit") \
  X(CHECK, "check", "does not satisfy its check digits") \
  /* activation code, SGP.22 section 4.1 */ \
  X(FIELDS, "fields", "has fewer than three fields") \
  X(FORMAT, "format", "is not of activation code format 1") \
  X(ADDRESS, "address", "holds no valid SM-DP+ address") \
  X(MATCHING_ID, "matching_id", "holds no valid matching id") \
  X(OID, "oid", "holds no valid object identifier") \
  X(FLAG, "flag", "holds a confirmation code flag other than 1") \
  /* symbol and picture */ \
  X(NUL, "nul", "holds a NUL byte") \
  X(CAPACITY, "capacity", "is too long for a QR symbol of that level") \
  X(LEVEL, "level", "is no error correction level (L, M, Q or H)") \
  X(SIZE, "size", "would be larger than a picture may be") \
  /* an exchange */ \
  X(URL, "url", "the URL cannot be used") \
  X(HEADER, "header", "a header holds a control character") \
  X(OVERSIZE, "oversize", "the request is larger than the limit") \
  X(RESOLVE, "resolve", "the host name could not be resolved") \
  X(CONNECT, "connect", "no connection could be made") \
  X(TLS, "tls", "no trusted TLS connection could be made") \
  X(CUT, "cut", "the connection ended before the answer was complete") \
  X(LATE, "late", "no answer came in time") \
  X(GARBLED, "garbled", "the answer is not HTTP") \
  X(LARGE, "large", "the answer is larger than the limit") \
  /* work in flight */ \
  X(DEADLINE, "deadline", "the deadline was reached") \
  X(CANCELLED, "cancelled", "it was cancelled") \
  X(FORKED, "forked", "the process forked while it was in flight") \
  /* the machine */ \
  X(MEMORY, "memory", "memory ran out") \
  X(SYSTEM, "system", "the system refused a thread or a descriptor")

#define ESIM_FAULT_CONSTANT(name, word, sentence) ESIM_##name,

typedef enum __attribute__((packed)) esim_fault {  /* one byte */
  ESIM_OK,
  ESIM_FAULTS(ESIM_FAULT_CONSTANT)
  ESIM_FAULT_COUNT
} esim_fault;

#undef ESIM_FAULT_CONSTANT

/* The word of a fault, "ok" for none; static storage. */
const char *esim_fault_word(esim_fault fault);

/* What it means, to follow the name of a thing; static storage. */
const char *esim_fault_sentence(esim_fault fault);

#endif

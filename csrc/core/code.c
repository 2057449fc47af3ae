#include "code.h"

#include <string.h>
#include <strings.h>

#define PREFIX "LPA:"
#define PREFIX_SIZE 4
#define FIELDS 5  /* format, address, matching id, OID, flag */
#define FIELDS_MIN 3

/* ASCII alone, whatever the locale. */
static bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

static bool is_alnum(char c) {
  return is_digit(c) || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* Labels of letters, digits and inner hyphens, joined by at least one dot. */
static bool is_host(const char *text, size_t size) {
  size_t dots = 0;
  for (size_t i = 0; i < size; i++) {
    bool edge = i == 0 || i + 1 == size || text[i - 1] == '.' ||
                text[i + 1] == '.';
    if (text[i] == '.' && i > 0 && text[i - 1] != '.' && i + 1 < size)
      dots++;
    else if (!is_alnum(text[i]) && (text[i] != '-' || edge))
      return false;
  }
  return dots > 0;
}

static bool is_port(const char *text, size_t size) {
  unsigned port = 0;
  if (size == 0 || size > 5)
    return false;
  for (size_t i = 0; i < size; i++) {
    if (!is_digit(text[i]))
      return false;
    port = port * 10 + (unsigned)(text[i] - '0');
  }
  return port >= 1 && port <= 65535;
}

static bool is_address(esim_slice s) {
  const char *colon = s.size > 0 ? memchr(s.text, ':', s.size) : NULL;
  size_t host = colon == NULL ? s.size : (size_t)(colon - s.text);
  return is_host(s.text, host) &&
         (colon == NULL || is_port(colon + 1, s.size - host - 1));
}

static bool is_matching_id(esim_slice s, bool lenient) {
  for (size_t i = 0; i < s.size; i++) {
    char c = s.text[i];
    if (!is_alnum(c) && c != '-' && !(lenient && (c == '_' || c == '.')))
      return false;
  }
  return true;
}

/* Empty, or arcs of digits with dots between them: a lone number is none. */
static bool is_oid(esim_slice s) {
  bool dot = false;
  for (size_t i = 0; i < s.size; i++) {
    bool inner = i > 0 && i + 1 < s.size && s.text[i - 1] != '.';
    if (s.text[i] == '.' && inner)
      dot = true;
    else if (!is_digit(s.text[i]))
      return false;
  }
  return s.size == 0 || dot;
}

static bool is_flag(esim_slice s) {
  return s.size == 0 || (s.size == 1 && s.text[0] == '1');
}

/* Split at each `$`; how many fields there are, those beyond `count` too. */
static size_t split(const char *text, size_t size, esim_slice *fields,
                    size_t count) {
  const char *end = text + size;
  size_t n = 0;
  for (;;) {
    const char *dollar = memchr(text, '$', (size_t)(end - text));
    const char *stop = dollar == NULL ? end : dollar;
    if (n < count)
      fields[n] = (esim_slice){ text, (size_t)(stop - text) };
    n++;
    if (dollar == NULL)
      return n;
    text = dollar + 1;
  }
}

static esim_fault judge(const esim_code *code, bool lenient) {
  if (!is_address(code->address))
    return ESIM_ADDRESS;
  if (!is_matching_id(code->matching_id, lenient))
    return ESIM_MATCHING_ID;
  return is_oid(code->oid) ? ESIM_OK : ESIM_OID;
}

esim_fault esim_code_parse(const char *text, size_t size, bool lenient,
                           esim_code *code) {
  esim_slice fields[FIELDS] = { { "", 0 }, { "", 0 }, { "", 0 }, { "", 0 },
                                { "", 0 } };
  if (size >= PREFIX_SIZE && strncasecmp(text, PREFIX, PREFIX_SIZE) == 0)
    text += PREFIX_SIZE, size -= PREFIX_SIZE;
  if (size > ESIM_CODE_MAX)
    return ESIM_LENGTH;
  if (split(text, size, fields, FIELDS) < FIELDS_MIN)
    return ESIM_FIELDS;
  if (fields[0].size != 1 || fields[0].text[0] != '1')
    return ESIM_FORMAT;
  *code = (esim_code){ fields[1], fields[2], fields[3], fields[4].size > 0 };
  esim_fault fault = judge(code, lenient);
  if (fault == ESIM_OK && !is_flag(fields[4]))
    fault = ESIM_FLAG;
  return fault;
}

static char *put(char *to, const char *text, size_t size) {
  memcpy(to, text, size);
  return to + size;
}

esim_fault esim_code_format(const esim_code *code, bool prefix, bool lenient,
                            char *text, size_t *size) {
  bool oid = code->oid.size > 0, flag = code->confirmation_code;
  esim_fault fault = judge(code, lenient);
  if (fault != ESIM_OK)
    return fault;
  size_t needed = 3 + code->address.size + code->matching_id.size +
                  (oid || flag) + code->oid.size + (flag ? 2 : 0);
  if (needed > ESIM_CODE_MAX)
    return ESIM_LENGTH;
  char *to = text;
  if (prefix)
    to = put(to, PREFIX, PREFIX_SIZE);
  to = put(to, "1$", 2);
  to = put(to, code->address.text, code->address.size);
  *to++ = '$';
  to = put(to, code->matching_id.text, code->matching_id.size);
  if (oid || flag)
    *to++ = '$';
  to = put(to, code->oid.text, code->oid.size);
  if (flag)
    to = put(to, "$1", 2);
  *to = '\0';
  *size = (size_t)(to - text);
  return ESIM_OK;
}

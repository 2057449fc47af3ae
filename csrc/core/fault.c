#include "fault.h"

#define WORD(name, word, sentence) word,
#define SENTENCE(name, word, sentence) sentence,

static const char *const words[] = { "ok", ESIM_FAULTS(WORD) };

static const char *const sentences[] = {
  "nothing is wrong", ESIM_FAULTS(SENTENCE)
};

const char *esim_fault_word(esim_fault fault) {
  return words[fault];
}

const char *esim_fault_sentence(esim_fault fault) {
  return sentences[fault];
}

/* Passphrases of keys, asked for at the terminal, or read as a line from a descriptor that a script hands over. What
 * goes wrong is told on standard error. */
#pragma once

#include <stdint.h>

#include "client/keys/passphrase.h"
#include "client/keys/sealed_seed.h"
#include "common/attributes.h"

#define KEY_PASSPHRASE_FLAG "--key-passphrase-fd"

struct key_passphrase {
    const char *of;   /* what for, as in "our key" */
    const char *flag; /* by which a script gives the descriptor */
    int descriptor;   /* -1: none was given */
};

enum key_passphrase_result { KEY_PASSPHRASE_GIVEN, KEY_PASSPHRASE_NOT_GIVEN };

/* Until it opens the box: three times at a terminal, else once. NOT_GIVEN: nothing in `seed`. */
MUST_USE enum key_passphrase_result key_passphrase_known(const struct key_passphrase *how,
                                                         const struct sealed_seed *box, uint8_t seed[static SEED_SIZE]);
/* A new one, unified; at a terminal typed twice, and a weak one only if that is meant. The caller wipes it. */
MUST_USE enum key_passphrase_result key_passphrase_new(const struct key_passphrase *how,
                                                       char out[static PASSPHRASE_MAX + 1]);

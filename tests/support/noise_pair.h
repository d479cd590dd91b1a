/* Two parties with fresh keys, ready to shake hands, for the tests of Noise. */
#pragma once

#include "common/noise.h"

struct noise_pair {
    struct noise_config config[2]; /* the initiator, the responder */
    struct noise side[2];
    uint8_t secret[2][32], public[2][32], psk[32];
};

struct noise_protocol {
    enum noise_pattern pattern;
    enum suite suite;
    uint8_t messages;
    uint16_t overhead[3]; /* of each message */
};

/* Every pattern with every suite that this machine has. `count` receives how many. */
const struct noise_protocol *noise_protocols(size_t *count);

/* `pair` must not move afterwards: its configuration points into it. Both machines are started. */
void noise_pair_make(struct noise_pair *pair, const struct noise_protocol *protocol);
/* Starts both machines again from `config`. */
void noise_pair_start(struct noise_pair *pair);
/* Carries message `index` with an empty payload. */
bool noise_pair_step(struct noise_pair *pair, unsigned index);
/* The index of the first message that is not written or not read, or the number of messages when all went well. */
unsigned noise_pair_run(struct noise_pair *pair, const struct noise_protocol *protocol);

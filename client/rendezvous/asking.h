/* What is done where a bootnode shows a key that we do not trust: it may have replaced the one that we know. So it is
 * asked for that one, in HELLO, before it is given up; whoever has both vouches for the new key with the old one, in
 * WELCOME. PROTOCOL.md §2.2. Times are in ms. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"

/* For COOKIE, however many addresses are to be asked. One that does not know the question does not answer it. */
#define ASKING_MS 3000

/* Zero while nothing is asked. */
struct asking {
    bool asks;
    uint8_t key[32];   /* which we know */
    uint8_t shown[32]; /* and which was shown instead */
    uint64_t until;
};

/* Is there anything to be asked: another key than the one that was shown, and than the one that was asked for already?
 * Then begins. */
MUST_USE bool asking_begin(struct asking *asking, const uint8_t known[static 32], const uint8_t shown[static 32],
                           uint64_t now);

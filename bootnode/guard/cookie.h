/* Cookies: proof that a client receives at the address it writes from, without a byte of state for it. PROTOCOL.md
 * §2.2.
 *
 * Invariant: the secret of period p (seconds / COOKIE_PERIOD_S) lies in slot p modulo 2, random and made by whoever
 * first needs it; it is replaced two periods later, when no cookie that it made is young enough any more. Readers take
 * no lock: a slot says which period its words belong to, before and after they are read (a sequence lock).
 *
 * A cookie also remembers which of the bootnode's keys was shown with it, so that REGISTER, which brings it back, says
 * for which key it is without a word: in the first bits of the time, under the tag. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"
#include "common/wire/bootnode_bodies.h"

#define COOKIE_PERIOD_S 120
#define COOKIE_AGE_MAX_S 120
#define COOKIE_TIME_BITS 29 /* 17 years since the start */
#define COOKIE_KEYS 8

struct cookie_secret {
    _Atomic uint64_t owner; /* period + 1; 0 while there is none or it is being changed */
    _Atomic uint64_t words[2];
};

struct cookie_jar {
    struct cookie_secret secrets[2];
    pthread_mutex_t rotating;
};

void cookie_jar_init(struct cookie_jar *jar);
/* Wipes the secrets. */
void cookie_jar_destroy(struct cookie_jar *jar);

/* While nobody changes it: does each slot hold a secret of its own periods? */
bool cookie_jar_holds(const struct cookie_jar *jar);

/* Any thread. `second` counts from the start of the server and never goes back by a whole period; false when it did. */
MUST_USE bool cookie_make(struct cookie_jar *jar, const struct address *address, uint32_t second, struct cookie *out);
/* The same for a key other than the first: `key` is below COOKIE_KEYS. */
MUST_USE bool cookie_make_for(struct cookie_jar *jar, const struct address *address, uint32_t second, unsigned key,
                              struct cookie *out);
/* Any thread: made by us for this address, at most COOKIE_AGE_MAX_S ago and not in the future. */
MUST_USE bool cookie_check(const struct cookie_jar *jar, const struct address *address, uint32_t second,
                           const struct cookie *cookie);
/* Of one that passed that: for which key it was made. */
static inline unsigned cookie_key(const struct cookie *cookie) {
    return cookie->time >> COOKIE_TIME_BITS;
}

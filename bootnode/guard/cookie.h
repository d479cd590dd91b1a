/* Cookies: proof that a client receives at the address it writes from, without a byte of state for it. PROTOCOL.md
 * §2.2.
 *
 * Invariant: the secret of period p (seconds / COOKIE_PERIOD_S) lies in slot p modulo 2, random and made by whoever
 * first needs it; it is replaced two periods later, when no cookie that it made is young enough any more. Readers take
 * no lock: a slot says which period its words belong to, before and after they are read (a sequence lock).
 *
 * A cookie also remembers which of the bootnode's keys was shown with it, so that REGISTER, which brings it back, says
 * for which key it is without a word: in the first bits of the time, under the tag.
 *
 * A jar that is shared is a cluster's: each node has one, made from the same key, and the second is the wall clock's.
 * The secret of a period is derived (BLAKE2b-128 of the period under the key), and any node may make any of them again:
 * so nothing is exchanged, and each takes what another one made. What counts of a cookie's age is its period, which
 * has to be the present one by the reader's clock, the one before, or the next: so where clocks are 60 s apart at most,
 * a cookie is good everywhere for 60 s at least, and nowhere for more than 300. A clock that is set, by however much,
 * costs the cookies that are under way, and no later one. The first bit behind those of the key is `lent` then: what
 * HELLO said of the homes (PROTOCOL.md §2.2), so that the node that takes the REGISTER knows it. */
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
#define COOKIE_SHARED_TIME_BITS                                                                                        \
    28 /* of seconds since 1970: which of those that differ by 8.5 years, the clock says                               \
        */
#define COOKIE_SHARED_KEY_SIZE 32
#define COOKIE_SECRETS 4 /* a jar that is not shared has two */

struct cookie_secret {
    _Atomic uint64_t owner; /* period + 1; 0 while there is none or it is being changed */
    _Atomic uint64_t words[2];
};

struct cookie_jar {
    struct cookie_secret secrets[COOKIE_SECRETS];
    pthread_mutex_t rotating;
    bool shared; /* constant once threads use the jar, as is the key */
    uint8_t key[COOKIE_SHARED_KEY_SIZE];
};

/* What a cookie remembers. */
struct cookie_note {
    unsigned key; /* for which one it was made: 0 is the present one; below COOKIE_KEYS */
    bool lent;    /* of a jar that is shared alone */
};

void cookie_jar_init(struct cookie_jar *jar);
/* Wipes the secrets. */
void cookie_jar_destroy(struct cookie_jar *jar);

/* While nobody changes it: does each slot hold a secret of its own periods? */
bool cookie_jar_holds(const struct cookie_jar *jar);

/* Makes it a cluster's. Before any thread uses it. */
void cookie_jar_share(struct cookie_jar *jar, const uint8_t key[static COOKIE_SHARED_KEY_SIZE]);

/* Any thread. `second` counts from the start of the server and never goes back by a whole period; false when it did.
 * Of a jar that is shared it counts from 1970, and may do what it likes. */
MUST_USE bool cookie_make(struct cookie_jar *jar, const struct address *address, uint64_t second, struct cookie *out);
/* The same with another note than zeros. */
MUST_USE bool cookie_make_with(struct cookie_jar *jar, const struct address *address, uint64_t second,
                               struct cookie_note note, struct cookie *out);
/* Any thread: made by us for this address, at most COOKIE_AGE_MAX_S ago and not in the future; of a jar that is shared,
 * made by one of us, in this period, the one before or the next. */
MUST_USE bool cookie_check(const struct cookie_jar *jar, const struct address *address, uint64_t second,
                           const struct cookie *cookie);
/* Of one that passed that at `second`: what it remembers, and when it was made. */
struct cookie_note cookie_note(const struct cookie_jar *jar, const struct cookie *cookie);
uint64_t cookie_second(const struct cookie_jar *jar, const struct cookie *cookie, uint64_t second);

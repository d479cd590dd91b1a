/* The doors of one bootnode: the addresses that its name stands for, what is known of each, and when HELLO goes to
 * which. Pure: times, nonces' randomness and answers in; whom to greet out.
 *
 * Seeking, all are tried as RFC 8305 has it: the first of each family at once, since what we are seen at is wanted of
 * both, the others 250 ms after each other; a silent one delays nobody. Whichever answers soon and stands first wins.
 * Once one is in use (`at`), the first that answers of the other family is kept in sight: its COOKIE is the proof that
 * we receive there.
 *
 * Doors alternate by family, otherwise they stand in the order of getaddrinfo(3), which is RFC 6724's. The one in use
 * stays among them even when the name no longer stands for it. Every HELLO has a nonce of its own, so that each answer
 * says how long it took, and none is late before eight more have gone the same way. Of the COOKIEs for one HELLO the
 * first counts: who reads along may add as many as he likes. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "common/attributes.h"
#include "common/round_trip.h"
#include "common/wire/bootnode_packets.h"

#define DOORS_MAX (BOOTNODE_ADDRESSES + 1)
#define DOOR_HELLOS 8              /* whose answers count */
#define DOORS_STAGGER_MS 250       /* between doors: RFC 8305 §5 */
#define DOORS_GRACE_MS 50          /* for a better door, once one has answered: RFC 8305 §3 */
#define DOORS_RETRY_FIRST_MS 250   /* the second HELLO to one door; doubles */
#define DOORS_RETRY_MOST_MS 4000   /* up to this */
#define DOORS_KEEP_MS 25000        /* HELLO to the other family, for a NAT's mapping and its proof */
#define DOORS_KEEP_HURRY 3         /* so often sooner, unanswered */
#define DOORS_PROOF_MOST_MS 100000 /* a cookie is good for 120 s */

struct door {
    struct address address;
    uint8_t number; /* for life, in the nonces */
    uint8_t hellos; /* so many went there, modulo 256 */
    uint64_t sent[DOOR_HELLOS];
    uint8_t open;      /* those that are not answered yet: a bit each */
    unsigned tries;    /* of this search */
    uint64_t due;      /* of the next one, while seeking */
    bool refused;      /* the last one was: it is asked again when that is due */
    uint64_t answered; /* when COOKIE came from there, 0: it did not since doors_seek or never; with what it says: */
    struct cookie cookie;
    struct address seen;
    uint16_t spread_ms;
};

struct doors {
    struct door list[DOORS_MAX];
    size_t count;
    size_t at; /* the one in use, or tried first; below `count` unless there is none */
    bool seeking;
    uint64_t first_answer; /* of this search; 0: none */
    uint64_t nonce;        /* of the search, but for its last 16 bits */
    uint8_t next_number;
    unsigned keep_tries; /* of the other family, unanswered */
    uint64_t keep_due;
    struct round_trip trip;
};

bool doors_holds(const struct doors *doors);
void doors_init(struct doors *doors);
/* What the name stands for, at most BOOTNODE_ADDRESSES. Known ones keep what is known; `keep`: the one in use stays.
 * While seeking, new ones are due. True: there is one that was not there. */
bool doors_set(struct doors *doors, const struct address *addresses, size_t count, bool keep, uint64_t now);
const struct address *doors_address(const struct doors *doors, size_t index);
/* Is it one of them? Then `*index` says which. */
bool doors_find(const struct doors *doors, const struct address *address, size_t *index);

/* Begins to look, with `nonce`, which is random, and at the door `first`, which is below `count` unless there is none:
 * what was answered before does not count. */
void doors_seek(struct doors *doors, uint64_t nonce, size_t first, uint64_t now);
/* The network may have changed: who is waited for is greeted at once, and the other family again. */
void doors_hurry(struct doors *doors, uint64_t now);
/* Enough: this one is in use from now on. The other family is kept in sight. */
void doors_use(struct doors *doors, size_t index, uint64_t now);
/* The next HELLO that is due: false when there is none. */
MUST_USE bool doors_greet(struct doors *doors, uint64_t now, struct address *to, uint64_t *nonce);
uint64_t doors_due(const struct doors *doors);
/* COOKIE came: is it the first answer of one that was asked? Then it is noted, and how long it took. Whether the key is
 * right is the caller's to know, before. */
MUST_USE bool doors_expects(const struct doors *doors, const struct address *from, uint64_t nonce);
void doors_answered(struct doors *doors, const struct address *from, const struct cookie_message *message,
                    uint64_t now);
/* One that was asked, while seeking, has no time before `until`. True: another one is still to say so, and the next
 * that was not asked yet is asked at once. */
MUST_USE bool doors_refused(struct doors *doors, const struct address *from, uint64_t until, uint64_t now);
/* Until when it is worth waiting for another answer; a time that has come: not at all. */
uint64_t doors_settled_at(const struct doors *doors);
/* The first one that answered this search. False: none did. */
MUST_USE bool doors_choose(const struct doors *doors, size_t *index);
/* The next one after `index` that answered, or that one again. */
size_t doors_next_answered(const struct doors *doors, size_t index);

/* Our other family: where we are seen, and the cookie for it, from an answer that is not too old to prove anything. */
MUST_USE bool doors_proof(const struct doors *doors, uint64_t now, struct address_proof *out);
/* No NAT is in between there: it need not be kept open. */
void doors_rest(struct doors *doors);
/* How long an answer may take before it counts as missing: what was measured, `least` at least. */
uint64_t doors_timeout_ms(const struct doors *doors, uint64_t least);

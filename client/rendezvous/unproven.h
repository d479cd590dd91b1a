/* Addresses that a cluster's nodes were named at, and where nobody has proven yet to have the cluster's key: anybody on
 * the way can forge a COOKIE, and what it names gets little of us. All rooms share the table. Pure; times are in ms.
 *
 * Who forges is not to keep out whom others name: nothing here is full for long. Each bootnode has purses of its own,
 * one for what COOKIEs name and one for what those name who have the key, in a session.
 *
 * Invariants:
 * 1. Such an address gets at most UNPROVEN_HELLOS, then none for UNPROVEN_REST_MS; or for UNPROVEN_VOUCHED_MS, where
 *    somebody vouches for it who has the key, for a home that was dead may be alive again.
 * 2. UNPROVEN_OF_ONE of one IPv4 address or IPv6 /64 are tried in that time, then one more each UNPROVEN_ONE_MS; but on
 *    our own machine as many as there are.
 * 3. A purse pays for UNPROVEN_PURSE new ones, or old ones that have rested, at once, then for one each
 *    UNPROVEN_EVERY_MS.
 * 4. Of UNPROVEN_MAX the one that was tried first is forgotten. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/bootnodes.h"
#include "common/address.h"
#include "common/attributes.h"

#define UNPROVEN_HELLOS 5
#define UNPROVEN_REST_MS 600000
#define UNPROVEN_VOUCHED_MS 20000 /* where a node with the key names it again meanwhile */
#define UNPROVEN_MAX 512
#define UNPROVEN_OF_ONE 8
#define UNPROVEN_ONE_MS 5000
#define UNPROVEN_PURSE 64
#define UNPROVEN_EVERY_MS 2000
#define UNPROVEN_PROVEN_MAX 64 /* that are remembered as proven, the last ones */

enum unproven_word {
    UNPROVEN_SAID,    /* by a COOKIE, or what looks like one */
    UNPROVEN_VOUCHED, /* in a session */
    UNPROVEN_WORDS
};

struct unproven {
    struct {
        struct address address;
        uint64_t first; /* HELLO went there, or it was vouched for */
        unsigned hellos;
        enum unproven_word word;
    } list[UNPROVEN_MAX];
    size_t count;
    uint64_t spent_until[BOOTNODES_MAX][UNPROVEN_WORDS]; /* the purse is full again then */
    struct address proven[UNPROVEN_PROVEN_MAX];
    size_t proven_count, proven_next;
};

/* Zeroed is empty. */
bool unproven_holds(const struct unproven *unproven);
/* May one HELLO go there now, which this bootnode named? Then it counts. */
MUST_USE bool unproven_take(struct unproven *unproven, unsigned bootnode, const struct address *address, uint64_t now);
/* A node of this bootnode that has the key named it, in a session. */
void unproven_vouched(struct unproven *unproven, unsigned bootnode, const struct address *address, uint64_t now);
/* COOKIE came from there, as if by somebody with the key: it may be asked again. */
void unproven_answered(struct unproven *unproven, const struct address *address);
/* We have a session with who is there, so that it has the key. */
void unproven_registered(struct unproven *unproven, const struct address *address);

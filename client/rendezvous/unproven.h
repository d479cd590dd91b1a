/* Addresses that a cluster's nodes were named at, and from which nobody with the cluster's key has answered yet:
 * anybody on the way can forge a COOKIE, and what it names gets little of us. All rooms share the table. Pure; times
 * are in ms.
 *
 * Invariants:
 * 1. Such an address gets at most UNPROVEN_HELLOS, then none for UNPROVEN_REST_MS; or for UNPROVEN_VOUCHED_MS, where
 *    somebody vouches for it who has the key, for a home that was dead may be alive again.
 * 2. At most UNPROVEN_OF_ONE of one IPv4 address or IPv6 /64 are tried in that time, but on our own machine.
 * 3. At most UNPROVEN_MAX are tried in that time: further ones have to wait. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define UNPROVEN_HELLOS 5
#define UNPROVEN_REST_MS 600000
#define UNPROVEN_VOUCHED_MS 20000 /* where a node with the key names it again meanwhile */
#define UNPROVEN_MAX 64
#define UNPROVEN_OF_ONE 8
#define UNPROVEN_PROVEN_MAX 64 /* that are remembered as proven, the last ones */

struct unproven {
    struct {
        struct address address;
        uint64_t first; /* HELLO went there */
        unsigned hellos;
    } list[UNPROVEN_MAX];
    size_t count;
    struct address proven[UNPROVEN_PROVEN_MAX];
    size_t proven_count, proven_next;
};

/* Zeroed is empty. */
bool unproven_holds(const struct unproven *unproven);
/* May one HELLO go there now? Then it counts. */
MUST_USE bool unproven_take(struct unproven *unproven, const struct address *address, uint64_t now);
/* Whoever has the key named it, in a session. */
void unproven_vouched(struct unproven *unproven, const struct address *address, uint64_t now);
/* Who is there has the key. */
void unproven_answered(struct unproven *unproven, const struct address *address);

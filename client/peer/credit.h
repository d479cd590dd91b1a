/* What may be sent to addresses at which a peer did not prove that it receives: PROTOCOL.md §3.2 rule 15. Pure.
 *
 * Invariant: to each address go at most CREDIT_FACTOR times the bytes that came from there, and CREDIT_FACTOR times the
 * packets. CREDIT_PLACES addresses are remembered at a time; with one that is forgotten its credit is lost, so many
 * forged sources gain nothing. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define CREDIT_FACTOR 3
#define CREDIT_PLACES 8

/* What may still go there. */
struct credit_place {
    struct address address;
    uint64_t bytes;
    uint64_t packets;
    uint64_t used; /* the higher, the later something came from there; 0: nobody's place */
};

struct credit {
    struct credit_place places[CREDIT_PLACES];
    uint64_t uses;
};

/* A packet came from there. `kept`: this address, too, is not forgotten for it; may be NULL. */
void credit_came(struct credit *credit, const struct address *from, size_t bytes, const struct address *kept);
/* Nothing is left there but what this packet, which came from there, allows. */
void credit_came_alone(struct credit *credit, const struct address *from, size_t bytes, const struct address *kept);
/* How many bytes the next packet to there may have. */
size_t credit_left(const struct credit *credit, const struct address *to);
/* A packet goes there: true if it may. */
MUST_USE bool credit_take(struct credit *credit, const struct address *to, size_t bytes);
/* A packet goes there for another reason: what is left pays for it as far as it goes. */
void credit_charge(struct credit *credit, const struct address *to, size_t bytes);
/* No address has two places. */
bool credit_holds(const struct credit *credit);

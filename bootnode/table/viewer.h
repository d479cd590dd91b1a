/* What members may know of each other's addresses (PROTOCOL.md §2.3 rule 8): seen ones, candidates with an IP that was
 * seen, private ones of those who are in one network. Nobody can have packets sent to a stranger. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/public_address.h"
#include "bootnode/table/session.h"

#define SEEN_MAX 2 /* addresses of a member: its session's, and one of the other family that it has proven */

/* An address that somebody was seen at, and what follows from it alone: the rest is comparing. */
struct sighting {
    struct address seen;
    struct address outer; /* where it is found from outside; another IP only if it is in the bootnode's own network */
    enum address_class class;
    bool at_home; /* on the bootnode's own machine, in a private network of it, or behind its public IP */
};

/* Who looks, by the addresses that it was seen at. */
struct viewer {
    struct sighting seen[SEEN_MAX];
    uint8_t count;
    const struct public_addresses *outside; /* NULL: nothing is known */
};

/* Somebody who was seen there alone. */
struct viewer viewer_at(const struct address *seen, const struct public_addresses *outside);
/* Under the mutex of the session's shard. */
struct viewer viewer_of(const struct session *session, const struct public_addresses *outside);
/* The candidates of a member, as this viewer may know them: the seen ones first. A member of the bootnode's own machine
 * or network is told to those outside by the bootnode's public IP, and to those within by both. */
void viewer_look(const struct viewer *viewer, const struct session *member, struct candidate_list *out);

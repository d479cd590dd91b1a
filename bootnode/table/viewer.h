/* What members may know of each other's addresses (PROTOCOL.md §2.3 rule 8): seen ones, candidates with an IP that was
 * seen, private ones of those who are in one network. Nobody can have packets sent to a stranger. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/public_address.h"
#include "bootnode/table/session.h"

#define SEEN_MAX 2 /* addresses of a member: its session's, and one of the other family that it has proven */

/* Who looks, by the addresses that it was seen at, and from what network of ours. */
struct viewer {
    struct address seen[SEEN_MAX];
    uint8_t count;
    const struct public_addresses *outside; /* NULL: nothing is known */
};

/* Under the mutex of the session's shard. */
struct viewer viewer_of(const struct session *session, const struct public_addresses *outside);
/* The candidates of a member, as this viewer may know them: the seen ones first. A member of the bootnode's own machine
 * or network is told to those outside by the bootnode's public IP, and to those within by both. */
void viewer_look(const struct viewer *viewer, const struct session *member, struct candidate_list *out);

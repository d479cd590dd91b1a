/* Where an address that a bootnode told of a member is for us. Pure. PROTOCOL.md §3.2 rule 11. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "client/network/candidates.h"
#include "common/address.h"

/* How a bootnode and we see each other. */
struct reach_view {
    const struct own_links *links; /* our own */
    struct address bootnode;       /* where we reach it, */
    struct address mapped;         /* and where it sees us */
    bool loopback;                 /* one of our bootnodes is on loopback, so we are where it is */
};

/* A link-local IPv6 address may be on any of our links, unless the bootnode is on one. Returns how many of at most
 * `capacity` addresses were written: none for one that we do not reach. */
size_t reach_candidate(const struct reach_view *view, const struct address *candidate, struct address *out,
                       size_t capacity);
/* A member that was seen from the bootnode's own side of a NAT is, for us, where the bootnode is: on the same machine,
 * or behind a NAT that most likely keeps its port. False where that is not so. */
bool reach_beside(const struct reach_view *view, const struct address *seen, struct address *out);

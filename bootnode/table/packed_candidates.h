/* The candidates of a session, packed: most sessions name a few IPv4 addresses, or one of each family, and these lie in
 * the record itself. A longer set has a block of its own. The first may be marked as seen: the second address that the
 * member has proven. Under the mutex of the session's shard. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/wire/bootnode_bodies.h"

#define CANDIDATES_INLINE 25 /* four IPv4, or one IPv6 and one IPv4 */

struct packed_candidates {
    uint8_t count : 7, seen : 1;       /* how many; is the first one marked? */
    uint8_t ipv6;                      /* bit i: candidate i takes 16 bytes, else 4; each a port more */
    uint8_t packed[CANDIDATES_INLINE]; /* or, when they do not fit, the address of the block */
};

#define PACKED_CANDIDATES_MAX (MEMBER_CANDIDATES_MAX + 1)

/* What a client named, behind the address that it has proven, if any (NULL). Once each. */
void candidates_list(const struct candidate_list *named, const struct address *proven, struct candidate_list *out);
/* Takes the place of what was there (zeros: nothing). At most PACKED_CANDIDATES_MAX. False without memory: nothing
 * changed. */
MUST_USE bool candidates_pack(struct packed_candidates *candidates, const struct candidate_list *list);
void candidates_unpack(const struct packed_candidates *candidates, struct candidate_list *out);
/* Gives the block back; no candidates are left. */
void candidates_clear(struct packed_candidates *candidates);

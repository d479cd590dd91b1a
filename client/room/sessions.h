/* The sessions of a room, by number: 0 … entries − 1 are the bootnodes, by their index; behind them is one for each
 * home in the cluster of one of these (rendezvous/homes.h), which comes and goes. And what all of them together say of
 * addresses.
 *
 * Invariants:
 * 1. `used` has every entry, and no number that is not below `end`.
 * 2. What is not used is all zero, but for `bootnode`.
 * 3. A number that was given up is the last one to be given again: what is late is nobody else's.
 * 4. However many homes one bootnode names, each other one has SESSIONS_KEPT numbers for its own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/network/candidates.h"
#include "client/rendezvous/rendezvous.h"
#include "common/attributes.h"

#define SESSIONS_KEPT 2

struct meeting;

/* Which one of the sessions calls its owner. */
struct session_context {
    struct meeting *meeting;
    unsigned index;
};

struct sessions {
    struct rendezvous_owner owner; /* of each, but for the contexts, which are these: */
    struct session_context contexts[BOOTNODE_SESSIONS];
    const struct room_keys *room;
    const struct identity *identity;
    uint8_t suite_mask;
    struct rendezvous list[BOOTNODE_SESSIONS];
    uint8_t bootnode[BOOTNODE_SESSIONS]; /* whose: its index */
    uint16_t used;                       /* a set of numbers */
    size_t entries, end;
    size_t last; /* the number that was given last */
};

/* Zeroed, but for the members from `owner` to `suite_mask`. The caller starts each entry. */
void sessions_init(struct sessions *sessions, size_t entries);
/* A session that begins with HELLO to these addresses. */
void sessions_start(struct sessions *sessions, size_t number, const struct address *addresses, size_t count,
                    uint64_t now);
bool sessions_holds(const struct sessions *sessions);
bool sessions_has(const struct sessions *sessions, size_t number);
/* The first number that is used, from `number` on; `end`: none. */
size_t sessions_next(const struct sessions *sessions, size_t number);
/* A number for a home of this bootnode; false: there is none left for it. The caller starts it. */
MUST_USE bool sessions_take(struct sessions *sessions, unsigned bootnode, size_t *number);
/* It is nobody's any more. */
void sessions_give_up(struct sessions *sessions, size_t number);
/* All numbers that are of one bootnode, its own included. */
uint16_t sessions_of(const struct sessions *sessions, unsigned bootnode);

/* --- Addresses --- */

/* What a bootnode may tell everyone of us. */
void sessions_own_candidates(const struct sessions *sessions, struct candidate_list *out);
/* Ourselves, or a bootnode? */
bool sessions_are_at(const struct sessions *sessions, const struct address *address);
/* Is it one of ours, as far as we know? */
bool sessions_are_ours(const struct sessions *sessions, const struct address *address);
/* Those of the other's candidates, as this session tells them, that we may send to; returns how many. */
size_t sessions_usable(const struct sessions *sessions, size_t number, const struct own_links *links,
                       const struct candidate_list *candidates, struct address out[static RECORD_CANDIDATES_MAX]);

/* What several tell of one member. */
#define SESSIONS_USABLE_MAX (BOOTNODES_MAX * RECORD_CANDIDATES_MAX)
struct sessions_usable {
    struct address addresses[SESSIONS_USABLE_MAX];
    size_t count;
};
/* The best of each, then the second best of each: the record of `from`, which is the news, and what the others say of
 * the same member. */
void sessions_gather(const struct sessions *sessions, size_t from, const struct own_links *links,
                     const struct member_record *news, struct sessions_usable *out);

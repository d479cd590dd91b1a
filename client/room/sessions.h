/* The sessions of a room, by number. For each bootnode and each key set that the room is registered under there is an
 * entry: the session with that bootnode under that set's tag. Behind the entry of a cluster is one for each home
 * (rendezvous/homing.h). All come and go; 0 … bootnodes − 1 are at first the entries of the first set. And what all of
 * them together say of addresses.
 *
 * Invariants:
 * 1. `used` has no number that is not below `end`.
 * 2. What is not used is all zero, but for whose it was.
 * 3. A number that was given up is the last one to be given again: what is late is nobody else's.
 * 4. Of a bootnode there is one entry at most under a key set. What is behind an entry is of the same bootnode.
 * 5. However many homes one bootnode names, each other one has SESSIONS_KEPT numbers for its own; and however many key
 * sets there are, the present one has SESSIONS_OF_SET. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/keys/key_sets.h"
#include "client/network/candidates.h"
#include "client/rendezvous/rendezvous.h"
#include "common/attributes.h"

#define SESSIONS_KEPT 2
#define SESSIONS_OF_SET 16 /* the others together have as many as are left */

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
    const struct key_sets *sets;
    const struct identity *identity;
    uint8_t suite_mask;
    struct rendezvous list[BOOTNODE_SESSIONS];
    uint8_t bootnode[BOOTNODE_SESSIONS]; /* whose: its index */
    uint8_t entry[BOOTNODE_SESSIONS];    /* of an entry its own number */
    uint8_t set[BOOTNODE_SESSIONS];      /* under which: its number; KEY_SETS_NONE: that is no more */
    uint32_t used;                       /* a set of numbers */
    size_t bootnodes, end;
    size_t last;               /* the number that was given last */
    struct candidate_list own; /* our addresses, */
    bool own_known;            /* once they are */
};

#define SESSIONS_NONE BOOTNODE_SESSIONS /* no number of a session */

/* Zeroed, but for the members from `owner` to `suite_mask`. The caller starts each entry of the first set. */
void sessions_init(struct sessions *sessions, size_t bootnodes);
/* A session that begins with HELLO to these addresses. */
void sessions_start(struct sessions *sessions, size_t number, const struct address *addresses, size_t count,
                    uint64_t now);
bool sessions_holds(const struct sessions *sessions);
bool sessions_has(const struct sessions *sessions, size_t number);
/* The first number that is used, from `number` on; `end`: none. */
size_t sessions_next(const struct sessions *sessions, size_t number);
bool sessions_is_entry(const struct sessions *sessions, size_t number);
/* Is it under the set that is the present one? */
bool sessions_is_current(const struct sessions *sessions, size_t number);
/* The entry of a bootnode under a set; SESSIONS_NONE: there is none. */
size_t sessions_entry(const struct sessions *sessions, unsigned bootnode, size_t set);
/* A number for an entry, or for a home behind one; false: there is none left, or, under another set than the present
 * one, too few. The caller starts it. */
MUST_USE bool sessions_take_entry(struct sessions *sessions, unsigned bootnode, size_t set, size_t *number);
MUST_USE bool sessions_take_home(struct sessions *sessions, size_t entry, size_t *number);
/* It is nobody's any more. */
void sessions_give_up(struct sessions *sessions, size_t number);
/* All numbers that are of one bootnode, */
uint32_t sessions_of(const struct sessions *sessions, unsigned bootnode);
/* those behind one entry, its own included, */
uint32_t sessions_behind(const struct sessions *sessions, size_t entry);
/* and those under one set. */
uint32_t sessions_under(const struct sessions *sessions, size_t set);

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

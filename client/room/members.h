/* Who is in the room, as far as this client knows: for each member the peer, and what the room keeps about it.
 *
 * Invariants:
 * 1. Each member's peer has the member as its owner, and no two members have the same id.
 * 2. The order changes only where members leave: the last one takes the place of one that is gone.
 * 3. `tags` holds the tags of packets from each one to us, under each key set, at the member's own place, and `ready`
 * from when on a tick does anything to it.
 * 4. Each bootnode has brought MEMBERS_OF_ONE at most, and its share of MEMBERS_MAX: one that lists people who are not
 * there must not keep out those whom the others list. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "client/events.h"
#include "client/history/exchange.h"
#include "client/peer/peer.h"
#include "client/room/relaying.h"
#include "common/attributes.h"
#include "common/deadlines.h"

#define MEMBERS_OF_ONE 1024 /* what a bootnode alone can make us hold, */
#define MEMBERS_MAX 2048    /* and all of them: each has its share, which no other one's inventions take */

/* Somebody in the room. */
struct member {
    struct peer *peer; /* whose owner it is */
    struct exchange exchange;
    struct {          /* what was last told of it: status.c */
        bool present; /* between EVENT_PEER_JOINED and EVENT_PEER_LEFT */
        enum peer_standing standing;
        bool verified;
        uint32_t rtt_us;
        struct path path;
        uint64_t at;
    } told;
    char fingerprint[FINGERPRINT_TEXT_SIZE]; /* empty: it has not introduced itself yet */
    bool barred;                             /* nothing of it is shown, or said to it: nicks.h */
    bool verified;                           /* its number was compared */
    struct relaying_share relaying;          /* what it may still have passed on */
    uint64_t checked;                        /* ms: what its signatures cost is paid off then; heard.c */
    uint64_t forged;                         /* ms: what its wrong signatures cost is paid off then; heard.c */
    bool admitted;                           /* let in, which everybody is unless gate.h says otherwise */
    bool decided;                            /* by the gatekeeper, or not yet */
    bool stalled;                            /* acknowledged nothing since messages were given up */
    bool left_by_itself;                     /* what a bootnode said when it delisted the member */
    bool finished;                           /* by members_finish */
    size_t place;                            /* in the list */
    struct deadline wake;                    /* among the members' */
};

struct members {
    struct member *list[MEMBERS_MAX];
    const struct key_sets *sets;
    uint64_t tags[KEY_SETS_MAX][MEMBERS_MAX]; /* side by side: any packet from a stranger looks through them */
    uint64_t ready[MEMBERS_MAX];              /* turns.h */
    size_t count;
    bool any_finished;      /* members_sweep has something to do */
    struct peer *touched;   /* the peer_host's */
    struct deadlines wakes; /* turns.h: when to wake for each */
};

struct member *members_find(const struct members *members, const uint8_t id[static MEMBER_ID_SIZE]);
/* By the key that it introduced itself with: what its id would cost to compute is more than a signature's check. */
struct member *members_by_identity(const struct members *members, const uint8_t identity[static 32]);
/* By the tag of packets from it to us, which is that under the key set with `number`. */
struct member *members_by_tag(const struct members *members, const uint8_t tag[static PAIR_TAG_SIZE], size_t *number);
/* There is a key set with this number, maybe in place of another one. */
void members_know_set(struct members *members, size_t number);
/* Somebody new, whom one of so many bootnodes brings, by one of these sessions (a set). NULL: there is no room for more
 * of its. Aborts without memory. */
MUST_USE struct member *members_add(struct members *members, const struct peer_host *host,
                                    const struct member_record *record, uint32_t sessions, size_t bootnode_count,
                                    uint64_t now);
/* The next members_sweep forgets it. */
void members_finish(struct members *members, struct member *member);
/* Forgets those that are finished. Whoever finishes one calls it before anything is said. */
void members_sweep(struct members *members);
/* Forgets all. */
void members_clear(struct members *members);
/* How many are let in, and have not left. */
size_t members_present(const struct members *members);
/* Invariants 1 and 3, the most there may be, and that whoever is finished will be swept. */
bool members_holds(const struct members *members);

/* The punch schedule: which candidate of one peer gets a packet when. Pure: knows addresses and times, sends nothing.
 * Whether the packet may go there in view of what went there before is not for this to say (trials.h).
 *
 * Invariant: between two punch_start calls no candidate gets more than PUNCH_PACKETS packets, however often it is
 * added, and a learned one no more than came from it (PROTOCOL.md §3.2 rules 1 and 2; a stranger whose address somebody
 * named or forged gets no more than that). What was learned is forgotten at each start. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/address.h"
#include "common/attributes.h"

#define PUNCH_PACKETS 10
#define PUNCH_RECORDED 8    /* of the member records that bootnodes told */
#define PUNCH_CANDIDATES 16 /* those and what was learned from packets; the oldest learned one makes room */
#define PUNCH_MEMORY 64

struct punch_candidate {
    struct address address;
    uint64_t due; /* ms */
    uint8_t sent;
    uint8_t most; /* of this round */
    bool learned; /* not in the record: peer-reflexive, kept or named */
    bool answers; /* learned, and proven by nothing but the packets from there: each is answered by one */
    bool named;   /* learned, and by the peer's own word alone */
};

struct punch {
    struct punch_candidate candidates[PUNCH_CANDIDATES];
    size_t count;
    bool active;
    uint8_t most;       /* packets to a candidate of the record in this round */
    bool best_alone;    /* in this round, of the record: the best of each family */
    unsigned stretch;   /* by so many times pauses are longer; 0: as 1 */
    uint64_t answer_ms; /* no pause is shorter, and the best candidate is given so long before the others */
    uint8_t forgotten[PUNCH_MEMORY]; /* packets that went to candidates since removed, by hash of the address */
};

void punch_init(struct punch *punch);
/* The record's candidates, best first; learned ones and the counts of those that stay are kept. Here and below, an
 * address that nothing can be sent to (ADDRESS_UNUSABLE) is left out. */
void punch_set_candidates(struct punch *punch, const struct address *addresses, size_t count, uint64_t now);
/* An authentic packet came from there: unless it is in the record, one goes back at once. Until the next start. */
void punch_learn(struct punch *punch, const struct address *address, uint64_t now);
/* Where the peer was reached until now: a candidate like those of the record, beside them, and of the next round. */
void punch_keep(struct punch *punch, const struct address *address, uint64_t now);
/* The peer alone says that it is there: at most `packets` packets in this round; nothing when the address is a
 * candidate already. */
void punch_name(struct punch *punch, const struct address *address, uint8_t packets, uint64_t now);
/* Takes the candidates that another schedule has, but for learned ones. */
void punch_copy_candidates(struct punch *punch, const struct punch *from, uint64_t now);
/* Is it a candidate of the record, or one kept? */
bool punch_names(const struct punch *punch, const struct address *address);
/* Is it one of those, and has had all its packets of this round? */
bool punch_spent(const struct punch *punch, const struct address *address);
/* One packet more in this round, at once, for a candidate that has had all of them. */
void punch_once_more(struct punch *punch, const struct address *address, uint64_t now);
/* The best one of that family in the record; false when there is none. */
bool punch_best(const struct punch *punch, bool ipv4, struct address *out);
/* The first public address of the record; false when there is none. */
bool punch_public(const struct punch *punch, struct address *out);
/* Begins (again): every candidate due now, or the best one and then the others (punch_pace), counts at zero, `most`
 * packets to each; what punch_learn and punch_name brought is forgotten. `best_alone`: none for those of the record but
 * the best of each family, which are where bootnodes saw the peer. */
void punch_start(struct punch *punch, uint8_t most, bool best_alone, uint64_t now);
/* How fast from now on: rush_stretch and rush_answer_ms. */
void punch_pace(struct punch *punch, unsigned stretch, uint64_t answer_ms);
/* Nothing goes out before then. */
void punch_put_off(struct punch *punch, uint64_t until);
/* One more packet goes to this candidate of the record, or one kept, beside the schedule: false if it had all. */
MUST_USE bool punch_spend(struct punch *punch, const struct address *address);
void punch_stop(struct punch *punch);
/* The candidate that punch_next would name; NULL: none is due. */
const struct punch_candidate *punch_peek(const struct punch *punch, uint64_t now);
/* Nothing more may go to that one in this round. */
void punch_refuse(struct punch *punch, const struct address *address);
/* The next address that is due at `now`; its count and due time move on (20, 40, 80, 160, 320, then every 500 ms;
 * as punch_pace has it longer, up to 2 s). */
MUST_USE bool punch_next(struct punch *punch, uint64_t now, struct address *out);
/* When punch_next has something; NEVER when inactive or exhausted. */
uint64_t punch_due(const struct punch *punch);
/* When every candidate has had its packets and 500 ms have passed since the last, if nothing is added; learned ones do
 * not count. NEVER: not before more packets have gone out, or inactive. */
uint64_t punch_exhausted_at(const struct punch *punch);

/* The punch schedule: which candidate of one peer gets a packet when. Pure: knows addresses and times, sends nothing.
 *
 * Invariant: between two punch_start calls no candidate gets more than PUNCH_PACKETS packets, however often it is
 * added, and a learned one no more than came from it (PROTOCOL.md §3.2 rules 1 and 2; a stranger whose address somebody
 * named or forged gets no more than that). */
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
    bool learned; /* peer-reflexive: not in the record */
    bool answers; /* learned, and proven by nothing but the packets from there: each is answered by one */
};

struct punch {
    struct punch_candidate candidates[PUNCH_CANDIDATES];
    size_t count;
    bool active;
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
/* Where the peer was reached until now: a candidate like those of the record, beside them. */
void punch_keep(struct punch *punch, const struct address *address, uint64_t now);
/* As punch_keep, but for at most `packets` packets a round; nothing when the address is a candidate already. */
void punch_keep_few(struct punch *punch, const struct address *address, uint8_t packets, uint64_t now);
/* Takes the candidates that another schedule has, but for learned ones. */
void punch_copy_candidates(struct punch *punch, const struct punch *from, uint64_t now);
/* Is it a candidate of the record, or one kept? */
bool punch_names(const struct punch *punch, const struct address *address);
/* The first public address of the record; false when there is none. */
bool punch_public(const struct punch *punch, struct address *out);
/* Begins (again): every candidate due now, or the best one and then the others (punch_pace), counts at zero; what
 * punch_learn brought is forgotten. */
void punch_start(struct punch *punch, uint64_t now);
/* How fast from now on: rush_stretch and rush_answer_ms. */
void punch_pace(struct punch *punch, unsigned stretch, uint64_t answer_ms);
/* Nothing goes out before then. */
void punch_put_off(struct punch *punch, uint64_t until);
void punch_stop(struct punch *punch);
/* The next address that is due at `now`; its count and due time move on (20, 40, 80, 160, 320, then every 500 ms;
 * as punch_pace has it longer, up to 2 s). */
MUST_USE bool punch_next(struct punch *punch, uint64_t now, struct address *out);
/* When punch_next has something; NEVER when inactive or exhausted. */
uint64_t punch_due(const struct punch *punch);
/* When every candidate has had its packets and 500 ms have passed since the last, if nothing is added; learned ones do
 * not count. NEVER: not before more packets have gone out, or inactive. */
uint64_t punch_exhausted_at(const struct punch *punch);

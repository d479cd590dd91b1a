/* What a bootnode must announce in the watched rooms, and by when; and, of what was announced, what is missing, wrong
 * or late. Pure: expectations and observations in, a verdict out.
 *
 * A watched room is a number below `rooms`, a member a position in it. A watcher is a member that lives, beats, and
 * had its whole room told: it must see every other's coming and going. Who knows a member as what:
 *
 *   oracle_joins(…)     it lives, and each watcher has to see it within ORACLE_JOIN_LIMIT_US
 *   oracle_silent(…)    each watcher that knows it has to see it leave, silent: not earlier than its last beat and the
 *                       expiry, but for ORACLE_EARLY_US (the bootnode's clock counts milliseconds), and within
 *                       ORACLE_EXPIRY_LIMIT_US after it
 *   oracle_leaves(…)    it said so; nothing is judged until it joins again
 *
 * An announcement that a living member left is wrong, whatever its reason, unless it left before in this row.
 *
 * In a cluster a member has several sessions, each at another node, and each is a layer: what a watcher was told is
 * what any of its layers lists, as clients merge what bootnodes say. So a member is seen to leave when the last of the
 * watcher's layers that listed it says so, and it joins once, with the first of its sessions. Where the last one ends
 * without a word (a node dies, the session moves), it must be seen again within ORACLE_AGAIN_LIMIT_US. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/histogram.h"
#include "common/attributes.h"

#define ORACLE_EARLY_US 2000
#define ORACLE_JOIN_LIMIT_US 5000000
#define ORACLE_EXPIRY_LIMIT_US 5000000
#define ORACLE_AGAIN_LIMIT_US 20000000
#define ORACLE_LAYERS_MAX 16

struct oracle;

/* Sessions, but for the histograms and `join_missing`, which count what each watcher saw or did not. */
struct oracle_verdict {
    struct histogram announce_us;
    struct histogram expiry_late_ms;
    uint64_t join_missing;
    uint64_t expired_expected, expired_seen, expired_wrong;
};

struct oracle_place {
    uint32_t room, position;
    uint32_t layer; /* of what a member does as a whole it does not matter */
};

/* NULL without memory. */
MUST_USE struct oracle *oracle_create(uint32_t rooms, uint32_t room_size);
void oracle_destroy(struct oracle *oracle);
/* From now on so many layers; before that there is one. False without memory. */
MUST_USE bool oracle_grow(struct oracle *oracle, uint32_t layers);
/* A new row: clears the verdict, and forgets what is still expected. */
void oracle_begin(struct oracle *oracle);

/* Expectations. */
/* By this layer: where it lives by another, too, nothing more is expected. */
void oracle_joins(struct oracle *oracle, struct oracle_place member, uint64_t first_beat_us);
void oracle_silent(struct oracle *oracle, struct oracle_place member, uint64_t last_beat_us, uint64_t expiry_us);
void oracle_leaves(struct oracle *oracle, struct oracle_place member);
/* This layer ended before anybody had to hear of it: where it is the only one the member left. */
void oracle_lapses(struct oracle *oracle, struct oracle_place member, uint64_t now_us);
/* This layer of a member stops watching: with the last one nothing more is expected of it until it was told its whole
 * room again. */
void oracle_withdraw(struct oracle *oracle, struct oracle_place watcher, uint64_t now_us);

/* Observations of a watcher: one entry of a delta. */
void oracle_sees_present(struct oracle *oracle, struct oracle_place watcher, uint32_t position, uint64_t now_us);
void oracle_sees_left(struct oracle *oracle, struct oracle_place watcher, uint32_t position, bool said,
                      uint64_t now_us);
/* Its session moved elsewhere: this layer lists it no longer. */
void oracle_sees_moved(struct oracle *oracle, struct oracle_place watcher, uint32_t position, uint64_t now_us);
/* A full list: bit p of `present` is the member at position p. Makes a watcher of who was none. */
void oracle_sees_all(struct oracle *oracle, struct oracle_place watcher, const uint64_t *present, uint64_t now_us);
size_t oracle_words(const struct oracle *oracle); /* of such a list */

/* Gives up what must have been seen by now. */
void oracle_judge(struct oracle *oracle, uint64_t now_us);
/* Silent ones that had time left when oracle_judge looked last: nobody can say yet that their end is missing. */
uint64_t oracle_never_due(const struct oracle *oracle);
/* Nothing more is expected. */
bool oracle_settled(const struct oracle *oracle);
/* Before everything is settled what is still expected is not counted but in `expired_expected`. */
const struct oracle_verdict *oracle_verdict(const struct oracle *oracle);

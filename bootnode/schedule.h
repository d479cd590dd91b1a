/* Whose turn it is at a worker. Pure; times are nanoseconds, and the caller measures them.
 *
 * Invariants:
 * 1. Sessions come first: the others are served only after their lane was looked at, and then for SCHEDULE_TURN_NS, or
 *    SCHEDULE_CREDIT_NS where it was not empty, and one turn at most before it is looked at again.
 * 2. Where the lane of sessions is never empty, the others together get a part in SCHEDULE_LEAST of the time all the
 * same, so that newcomers get in. A turn that took longer is taken off the following ones, as SCHEDULE_MOST_NS at most:
 * what is longer was a time in which the worker did not run, and nobody is to pay for a pause of the process.
 * 3. The others share what is left to them by weight (start-time fair queueing: Goyal, Vin and Cheng 1996): over any
 *    span in which two of them always have something to do, their times are as their weights, but for one turn of each.
 *    Who had nothing to do saves nothing up.
 *
 * So a flood in one lane costs the lanes above it no more than its share, and who is below it in weight still gets his.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bootnode/lanes.h"

#define SCHEDULE_TURN_NS 60000
#define SCHEDULE_CREDIT_NS 200000 /* of the least share, at most */
#define SCHEDULE_LEAST 8
#define SCHEDULE_MOST_NS 20000000

/* What takes turns: every lane but LANE_SESSION, and announcing. */
enum { TURN_ANNOUNCING = LANE_COUNT, TURN_COUNT, TURN_NONE = TURN_COUNT };

struct schedule {
    int64_t left_ns;            /* until sessions come first again */
    uint64_t start[TURN_COUNT]; /* virtual time at which the next turn of each begins */
    uint64_t now;               /* virtual time: the start of the turn that was given last */
    uint32_t waiting;           /* who had something to do then, by bit */
};

/* Sessions were served for so long; `emptied`: nothing more of theirs waits. */
void schedule_sessions(struct schedule *schedule, uint64_t spent_ns, bool emptied);
/* Who is next among those with something to do (a bit each), or TURN_NONE: nobody, or sessions come first. */
int schedule_next(struct schedule *schedule, uint32_t waiting);
/* The turn that was given took so long. */
void schedule_spent(struct schedule *schedule, int turn, uint64_t spent_ns);

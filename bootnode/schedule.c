#include "bootnode/schedule.h"

/* In the order in which load is shed. A newcomer needs a HELLO and a REGISTER, and so has nearly half of what is left
 * beside a flood of RELAYs, and three quarters beside one of STUN. */
static const uint32_t weights[TURN_COUNT] = {
    [LANE_RELAY] = 8, [LANE_REGISTER] = 6, [LANE_HELLO] = 3, [LANE_STUN] = 2, [LANE_JUNK] = 1, [TURN_ANNOUNCING] = 8,
};
/* What all weights divide, so that virtual time is exact. */
#define SCALE 24

void schedule_sessions(struct schedule *schedule, uint64_t spent_ns, bool emptied) {
    int64_t least = schedule->left_ns + (int64_t)(spent_ns / (SCHEDULE_LEAST - 1));
    if (least > SCHEDULE_CREDIT_NS) least = SCHEDULE_CREDIT_NS;
    schedule->left_ns = emptied ? SCHEDULE_TURN_NS : least;
}

/* Who has something to do again begins now: what he did not need is gone. */
static void wake(struct schedule *schedule, uint32_t woken) {
    for (int i = 0; i < TURN_COUNT; i++)
        if (woken >> i & 1 && schedule->start[i] < schedule->now) schedule->start[i] = schedule->now;
}

int schedule_next(struct schedule *schedule, uint32_t waiting) {
    int next = TURN_NONE;
    if (schedule->left_ns <= 0) return TURN_NONE;
    wake(schedule, waiting & ~schedule->waiting);
    schedule->waiting = waiting;
    for (int i = 0; i < TURN_COUNT; i++)
        if (waiting >> i & 1 && (next == TURN_NONE || schedule->start[i] < schedule->start[next])) next = i;
    if (next != TURN_NONE) schedule->now = schedule->start[next];
    return next;
}

void schedule_spent(struct schedule *schedule, int turn, uint64_t spent_ns) {
    if (spent_ns > SCHEDULE_MOST_NS) spent_ns = SCHEDULE_MOST_NS;
    schedule->left_ns -= (int64_t)spent_ns;
    schedule->start[turn] += spent_ns * SCALE / weights[turn];
}

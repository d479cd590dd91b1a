/* How long a room's announcements are apart, so that telling rooms again and again takes a part of a worker's time and
 * not all of it. Pure.
 *
 * Changes of a room that come between two announcements go out together: where the pause is twice as long a room that
 * changes often is told half as often. So what counts is the time spent on rooms that were told within PACE_MOST_MS
 * before; others are told of one change, whatever the pause. It grows while that is more than one part in PACE_SHARE of
 * the time, by as much as it is too much and at most to the double in each PACE_WINDOW_MS, and shrinks by a fifth at
 * most, since what waits when it shrinks comes at once. It is PACE_LEAST_MS where there is little to announce, and
 * never above PACE_MOST_MS: what is due then takes the time that it needs, or has to wait for its turn. */
#pragma once

#include <stdint.h>

#define PACE_SHARE 16
#define PACE_WINDOW_MS 250
#define PACE_LEAST_MS 100
#define PACE_MOST_MS 2000

/* Zeros: nothing was measured. */
struct pace {
    uint64_t since;    /* when this window began */
    uint64_t spent_ns; /* in it */
    uint32_t pause_ms; /* 0: the least */
};

/* Rooms that were told a short while before took so long. */
void pace_spent(struct pace *pace, uint64_t spent_ns);
/* The pause at `now`, in ms of a clock that may fall back. */
uint32_t pace_pause(struct pace *pace, uint64_t now);

/* A timing wheel: what is due when, in constant time. Pure; the caller hands in the time and holds the lock.
 *
 * One level of WHEEL_SLOTS slots of WHEEL_TICK_MS each. Invariant: a node lies in the slot of the first tick at or
 * after its deadline, or, when that is beyond the horizon, in the last slot before it, and is looked at again there; a
 * node that was late when it was added lies in `overdue`. Both are served in turn, the oldest first, so that nodes
 * which come back at once cannot hold others up. A node is never returned before its deadline, and at the latest one
 * tick after it, or at once when it was added with a deadline that had passed (WHEEL_AT_ONCE). Deadlines are
 * milliseconds of the caller's clock, 64 bits; the clock may fall back. Sources: Varghese and Lauck 1987. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <urcu/list.h>

#include "common/attributes.h"

#define WHEEL_TICK_MS 32
#define WHEEL_SLOTS 512 /* horizon 16.4 s: one lap covers an expiry of 15 s */
#define WHEEL_AT_ONCE 0 /* a deadline that has passed for sure */

struct wheel_node {
    struct cds_list_head link; /* next is NULL when in no wheel */
    uint64_t deadline;
};

struct wheel {
    struct cds_list_head slots[WHEEL_SLOTS];
    struct cds_list_head overdue;
    bool overdue_had_turn;
    uint64_t occupied[WHEEL_SLOTS / 64]; /* a clear bit: the slot is empty */
    uint64_t tick;                       /* all ticks below have been worked off */
    size_t count;
};

void wheel_init(struct wheel *wheel, uint64_t now);
/* The node must be in no wheel. */
void wheel_add(struct wheel *wheel, struct wheel_node *node, uint64_t deadline);
/* Nothing when the node is in no wheel. */
void wheel_remove(struct wheel *wheel, struct wheel_node *node);
/* Whether the node is in a wheel. */
bool wheel_has(const struct wheel_node *node);
/* Takes out and returns one node that is due at `now`, NULL when there is none (then the wheel has advanced to `now`).
 */
MUST_USE struct wheel_node *wheel_pop_due(struct wheel *wheel, uint64_t now);
/* The earliest time at which wheel_pop_due could find something, for sleeping: less than a tick after the earliest
 * deadline, or before it; NEVER when empty. */
uint64_t wheel_next(const struct wheel *wheel);
/* Whether the invariant holds: every node is met at the latest in the first tick after its deadline. Walks over all. */
bool wheel_holds(const struct wheel *wheel);

/* What is said in a room on its way to the screen: what was passed on is gathered for a moment, so that it is shown in
 * the order in which it was said, and not member by member as it happens to come. Pure; PROTOCOL.md §3.5 rule 9.
 *
 * Invariants:
 * 1. Each item has a time: when it was said, by our clock. What an author said in one run is never shown in another
 * order than it was added: the caller gives it a time that is no earlier than that of the author's one before it.
 * 2. Items leave in the order of their times, those of one time in the order they were added. Among what waits at the
 * same moment there is no exception.
 * 3. Nothing waits longer than GATHERING_MS, and no more than GATHERING_ITEMS and GATHERING_BYTES wait: then the
 * earliest ones leave.
 * 4. What is live waits only in the first GATHERING_MS after history was asked for, and not again before
 * GATHERING_QUIET_MS passed without any: so nobody can hold up the talk for longer by passing on things for ever. At
 * other times what waits leaves before it, and it leaves at once.
 * 5. An item is late when something was shown before it that was said more than GATHERING_LATE_MS after it.
 *
 * Adding and taking cost O(log n). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define GATHERING_MS 800
#define GATHERING_QUIET_MS 60000
#define GATHERING_LATE_MS 2000 /* what the network takes, and repeats, is not late */
#define GATHERING_ITEMS 1024
#define GATHERING_BYTES (8u * 1024 * 1024)

struct gathering_item {
    int64_t time;      /* ms of the caller's clock; may lie before the clock began */
    uint64_t number;   /* in which order they were added */
    uint64_t added_at; /* ms */
    size_t size;
    void *what;                             /* the caller's */
    struct gathering_item *before, *behind; /* as they were added */
};

struct gathering {
    struct gathering_item **heap; /* the earliest first */
    size_t count, capacity, bytes;
    struct gathering_item *first, *last; /* as they were added */
    uint64_t added;
    uint64_t began, expected_at; /* when history was first and last expected, without a long pause between; ms */
    bool any;                    /* it ever was */
    bool over;                   /* all that waits is to leave */
    int64_t shown;               /* the latest time of all that was shown */
    bool any_shown;
};

/* Zeroed is empty. Calls `drop` for what is still there. */
void gathering_clear(struct gathering *gathering, void (*drop)(void *what));

/* History was asked for, or comes. */
void gathering_expect(struct gathering *gathering, uint64_t now);
/* What was passed on. Aborts without memory. */
void gathering_add(struct gathering *gathering, int64_t time, void *what, size_t size, uint64_t now);
/* The same of what is live. Where it may not be held up, all that is there leaves now. */
void gathering_add_live(struct gathering *gathering, int64_t time, void *what, size_t size, uint64_t now);
/* Something was shown that does not pass through here: what we say ourselves. */
void gathering_shown(struct gathering *gathering, int64_t time);
/* Nothing more is expected: all that waits leaves. */
void gathering_end(struct gathering *gathering);
/* The next one to show at `now`, NULL: none. `late` as in 5. The caller frees `what`. */
MUST_USE void *gathering_take(struct gathering *gathering, uint64_t now, int64_t *time, bool *late);
/* Invariants 2 and 3, but for the times; and that all that is counted is there. */
bool gathering_holds(const struct gathering *gathering);
/* When gathering_take has something, if nothing else happens; NEVER: never. */
uint64_t gathering_due(const struct gathering *gathering);

/* Lame duck: for how long a bootnode that is told to end goes on serving those who are here, while /health says 503 and
 * newcomers are sent away, so that who watches it (a load balancer, an announcer of routes) sees it leave before it is
 * gone.
 *
 * Rules:
 * 1. A time that the operator chose is kept to the millisecond.
 * 2. Else it depends on who asks /health. Who did within the last LAME_DUCK_MOST_MS, which is more than the 5 s between
 *    two questions of the usual watcher, asks again: it lasts until somebody has been told, and LAME_DUCK_SEEN_MS more,
 *    so that he acts on it; LAME_DUCK_LEAST_MS at least, and LAME_DUCK_MOST_MS at most. Where nobody did for longer,
 * but within LAME_DUCK_ASKED_MS, it is LAME_DUCK_LEAST_MS, unless somebody comes meanwhile.
 * 3. Where nobody asked for any page lately, there may be a watcher all the same, who has just begun: it listens for
 *    LAME_DUCK_LISTEN_MS. Where others are asked for and /health is not, as by Prometheus alone, nobody waits for it.
 * 4. Without the page (`metrics`), it takes no time.
 * 5. In a cluster, one that is to be away for longer than the others wait for it lasts until its rooms have moved to
 *    them, and LAME_DUCK_MOVING_MS at most; by the rules above it may last longer. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/attributes.h"

#define LAME_DUCK_ASKED_MS 60000
#define LAME_DUCK_LISTEN_MS 100
#define LAME_DUCK_LEAST_MS 1500
#define LAME_DUCK_SEEN_MS 1000
#define LAME_DUCK_MOST_MS 6000
#define LAME_DUCK_MOVING_MS 600000
#define LAME_DUCK_MOVES_MS 5000   /* for a shorter time, nothing moves */
#define LAME_DUCK_AUTO UINT64_MAX /* rules 2 to 4 choose */

/* Who asks the operators' page: monotonic times, 0 for never. Written by the page's thread, read by any. */
struct page_visits {
    _Atomic uint64_t any_ms, health_ms; /* the latest */
    _Atomic uint64_t told_ms;           /* when /health said first that the bootnode leaves */
};

/* Somebody asked for a page, which is /health, which said that the bootnode leaves. */
void page_visits_note(struct page_visits *visits, bool health, bool leaves, uint64_t monotonic_ms);

struct lame_duck {
    uint64_t began_ms;  /* monotonic */
    uint64_t chosen_ms; /* how long, or LAME_DUCK_AUTO */
    bool has_page;
    bool moving; /* rooms are still to move */
};

/* Whether a bootnode that is told to end, and that is back after a restart unless it `ends` or is `asked` to go by its
 * operator, moves its rooms to others before. */
bool lame_duck_moves(bool ends, bool asked, uint64_t chosen_ms);
/* When it is over, monotonic, as far as is known by now: who waits until then asks again. */
uint64_t lame_duck_end(const struct lame_duck *duck, const struct page_visits *visits);

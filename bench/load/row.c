#include "bench/load/row.h"

#include <string.h>

#include "bench/load/beats.h"
#include "bench/load/fall.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "bench/load/places.h"
#include "bench/load/rebind.h"
#include "bench/load/silence.h"
#include "bench/load/verdict.h"
#include "common/why.h"

/* After the last session of an unwatched room must have been found silent. */
#define SILENT_GRACE_US 2000000
/* So long a row waits on for sessions to come back while nobody is answered. */
#define PATIENCE_US 5000000
/* Beats of one fleet share a counter of 32 bits: a new row wants this many. */
#define COUNTERS_LEFT_MIN 1000000000u
/* With fewer it ends: what keeps the sessions alive needs some, too. */
#define COUNTERS_SPARE 10000000u

static uint32_t counters_left(const struct fleet *fleet) {
    return UINT32_MAX - fleet->counter;
}

bool row_begin(struct fleet *fleet, const struct row_options *row, struct why *why) {
    if (counters_left(fleet) < COUNTERS_LEFT_MIN) {
        return why_fail(why, "the sessions' beat counters are used up: begin with new ones");
    }
    fleet->row = (struct row_state){.options = *row, .registered_before = fleet->counts.registered};
    if (fleet->count == 0) return true;
    if (row->rebind && !rebind_sessions(fleet, why)) return false;
    oracle_begin(fleet->oracle);
    fleet->row.silent = row->silent_percent > 0;
    if (fleet->row.silent) {
        silence_choose(fleet, row->silent_percent);
        fall_silent(fleet);
    }
    beats_shuffle(fleet, load_now_us());
    return true;
}

void row_start(struct fleet *fleet, uint64_t now_us) {
    fleet->row.began_us = fleet->row.churned_us = now_us;
    fleet->row.churn_debt = share_phase(fleet->share);
    fleet->row.running = fleet->count > 0;
}

bool row_is_cut(const struct fleet *fleet) {
    return fleet_must_stop(fleet) || counters_left(fleet) < COUNTERS_SPARE;
}

bool row_over(struct fleet *fleet, uint64_t now_us) {
    const struct row_state *row = &fleet->row;
    uint64_t passed = now_us > row->began_us ? now_us - row->began_us : 0;
    if (row_is_cut(fleet)) return true;
    if ((double)passed < row->options.duration_s * 1e6) return false;
    if (row->silent && passed < fleet->expiry_ms * UINT64_C(1000) + SILENT_GRACE_US) return false;
    if (nodes_all_missing_us(&fleet->nodes) > PATIENCE_US) return true;
    if (fleet_missing(fleet) > 0) return false;
    if (row->options.churn_percent > 0 && fleet->churners > 0) return false;
    return oracle_settled(fleet->oracle);
}

/* They have no session any more, or one that the next registration takes the place of. */
static void bury_silent(struct fleet *fleet) {
    for (uint32_t i = 0; i < fleet->places; i++) {
        if (fleet->members[i].state != MEMBER_SILENT) continue;
        fleet_forget(fleet, i);
        fleet->members[i].state = MEMBER_ABSENT;
        fleet->absent += places_count(fleet, i, MEMBER_ABSENT) == fleet->layers;
    }
}

void row_end(struct fleet *fleet, struct row_facts *out) {
    uint64_t now_us = load_now_us();
    struct row_state *row = &fleet->row;
    memset(out, 0, sizeof *out);
    if (fleet->count == 0) return;
    oracle_judge(fleet->oracle, now_us);
    verdict_gather(fleet, out);
    out->sessions = fleet->count;
    out->registered = fleet->counts.registered - row->registered_before;
    out->elapsed_us = now_us - row->began_us;
    out->counters_used_up = counters_left(fleet) < COUNTERS_SPARE;
    if (row->silent) bury_silent(fleet);
    row->running = false;
}

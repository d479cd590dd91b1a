#include "bench/load/row.h"

#include <stdio.h>

#include "bench/load/beats.h"
#include "bench/load/fall.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "bench/load/rebind.h"
#include "bench/load/report.h"
#include "bench/load/silence.h"
#include "bench/load/verdict.h"
#include "common/why.h"

/* After the last session of an unwatched room must have been found silent. */
#define SILENT_GRACE_US 2000000
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
    verdict_forget(fleet);
    fleet->row = (struct row_state){.options = *row, .registered_before = fleet->counts.registered};
    if (fleet->count == 0) return true;
    if (row->rebind && !rebind_sessions(fleet, why)) return false;
    oracle_begin(fleet->oracle);
    fleet->row.silent = row->silent_percent > 0;
    if (fleet->row.silent) {
        silence_choose(fleet, row->silent_percent);
        fall_silent(fleet);
    }
    beats_shuffle(fleet);
    fleet->row.began_us = fleet->row.churned_us = load_now_us();
    fleet->row.running = true;
    return true;
}

bool row_over(struct fleet *fleet, uint64_t now_us) {
    const struct row_state *row = &fleet->row;
    uint64_t passed = now_us > row->began_us ? now_us - row->began_us : 0;
    if (fleet_must_stop(fleet) || counters_left(fleet) < COUNTERS_SPARE) return true;
    if ((double)passed < row->options.duration_s * 1e6) return false;
    if (row->silent && passed < fleet->expiry_ms * UINT64_C(1000) + SILENT_GRACE_US) return false;
    if (row->options.churn_percent > 0 && fleet->churners > 0) return false;
    return oracle_settled(fleet->oracle);
}

/* They have no session any more, or one that the next registration takes the place of. */
static void bury_silent(struct fleet *fleet) {
    for (uint32_t i = 0; i < fleet->count; i++) {
        if (fleet->members[i].state != MEMBER_SILENT) continue;
        fleet_forget(fleet, i);
        fleet->members[i].state = MEMBER_ABSENT;
        fleet->absent++;
    }
}

void row_end(struct fleet *fleet, struct row_result *out) {
    uint64_t now = load_now_us();
    struct row_state *row = &fleet->row;
    out->sessions = fleet->count;
    if (fleet->count > 0) {
        const struct oracle_verdict *verdict = oracle_verdict(fleet->oracle);
        uint64_t registered = fleet->counts.registered - row->registered_before;
        oracle_judge(fleet->oracle, now);
        verdict_lines(fleet);
        if (counters_left(fleet) < COUNTERS_SPARE)
            verdict_add(fleet, "the row ended early: the sessions' beat counters are used up");
        out->registered += registered;
        if (registered > 0) out->registered_per_s = (double)registered * 1e6 / (double)(now - row->began_us);
        out->announce_us = verdict->announce_us;
        out->expiry_late_ms = verdict->expiry_late_ms;
        out->expired_expected = verdict->expired_expected;
        out->expired_seen = verdict->expired_seen;
        out->expired_never_due = oracle_never_due(fleet->oracle);
        out->expired_wrong = verdict->expired_wrong;
        out->announce_missing = verdict->join_missing;
        if (row->silent) bury_silent(fleet);
        row->running = false;
    }
    out->disagreements = (const char *const *)fleet->disagreements;
    out->disagreement_count = fleet->disagreement_count;
}

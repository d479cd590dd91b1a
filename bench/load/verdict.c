#include "bench/load/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/load/fleet_parts.h"
#include "bench/load/report.h"

/* An answer that a beat asked for is this late at most. */
#define ANSWER_LIMIT_US 1000000

void verdict_forget(struct fleet *fleet) {
    for (size_t i = 0; i < fleet->disagreement_count; i++) free(fleet->disagreements[i]);
    fleet->disagreement_count = 0;
}

void verdict_add(struct fleet *fleet, const char *format, ...) {
    char *line = NULL;
    va_list arguments;
    if (fleet->disagreement_count == DISAGREEMENTS_MAX) return;
    va_start(arguments, format);
    if (vasprintf(&line, format, arguments) >= 0) fleet->disagreements[fleet->disagreement_count++] = line;
    va_end(arguments);
}

static void say_count(struct fleet *fleet, uint64_t count, const char *what) {
    if (count > 0) verdict_add(fleet, "%llu %s", (unsigned long long)count, what);
}

static void refusals(struct fleet *fleet) {
    for (unsigned i = 0; i < REFUSAL_END; i++) {
        uint64_t count = fleet->registrations.refused[i];
        if (count > 0)
            verdict_add(fleet, "%llu registrations were refused: %s", (unsigned long long)count, report_refusal(i));
        fleet->registrations.refused[i] = 0;
    }
    say_count(fleet, fleet->registrations.given_up, "registrations got no answer for 20 s");
    fleet->registrations.given_up = 0;
}

static void announcements(struct fleet *fleet) {
    const struct oracle_verdict *verdict = oracle_verdict(fleet->oracle);
    uint64_t judged = verdict->expired_expected - oracle_never_due(fleet->oracle);
    uint64_t unseen = judged > verdict->expired_seen ? judged - verdict->expired_seen : 0;
    say_count(fleet, verdict->join_missing, "announcements of a join did not reach a member within 5 s");
    say_count(fleet, verdict->expired_wrong,
              "sessions were announced as left though they lived, or before they could expire");
    if (unseen > 0)
        verdict_add(fleet, "%llu of %llu sessions that fell silent were not announced as left to every member",
                    (unsigned long long)unseen, (unsigned long long)judged);
}

void verdict_lines(struct fleet *fleet) {
    struct misdeeds *misdeeds = &fleet->misdeeds;
    const struct row_state *row = &fleet->row;
    if (fleet->draining) verdict_add(fleet, "the bootnode is shutting down");
    if (fleet->no_memory) verdict_add(fleet, "out of memory");
    say_count(fleet, misdeeds->forged, "packets had a wrong tag, seal or token");
    say_count(fleet, misdeeds->malformed, "packets were not as the protocol has them");
    say_count(fleet, misdeeds->resets, "living sessions were forgotten by the bootnode");
    say_count(fleet, misdeeds->unanswered, "LEAVEs got no RESET");
    say_count(fleet, misdeeds->stuck, "sessions did not move to their new port");
    say_count(fleet, misdeeds->unheard, "last beats before the silence got no answer");
    if (row->asked > 0 && row->asked_at_us > fleet->heard_us + ANSWER_LIMIT_US)
        verdict_add(fleet, "the bootnode fell silent %.1f s before the row's last request",
                    (double)(row->asked_at_us - fleet->heard_us) / 1e6);
    refusals(fleet);
    announcements(fleet);
    memset(misdeeds, 0, sizeof *misdeeds);
}

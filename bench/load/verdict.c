#include "bench/load/verdict.h"

#include <string.h>

#include "bench/load/comeback.h"
#include "bench/load/disagreements.h"
#include "bench/load/fleet_parts.h"
#include "bench/load/load_now.h"
#include "bench/load/report.h"
#include "bench/load/row_facts.h"

/* An answer that a beat asked for is this late at most. */
#define ANSWER_LIMIT_US 1000000

static void say_count(struct disagreements *out, uint64_t count, const char *what) {
    if (count > 0) disagreements_add(out, "%llu %s", (unsigned long long)count, what);
}

static void say_refusals(const struct row_facts *facts, struct disagreements *out) {
    for (unsigned i = 0; i < REFUSAL_END; i++)
        if (facts->refused[i] > 0)
            disagreements_add(out, "%llu registrations were refused: %s", (unsigned long long)facts->refused[i],
                              report_refusal(i));
    say_count(out, facts->nowhere, "registrations got nowhere for 20 s, and were begun anew");
}

/* Who waits for a bootnode that does not come back sends no more beats whose answers could be missed. */
static void say_comebacks(const struct row_facts *facts, struct disagreements *out) {
    const struct comeback_result *comeback = &facts->comeback;
    uint64_t missing = comeback->lost - comeback->back;
    if (missing == 0) return;
    if (facts->gone_us > ANSWER_LIMIT_US)
        disagreements_add(out, "the bootnode fell silent %.1f s before the row's end%s", (double)facts->gone_us / 1e6,
                          comeback->told > 0 ? ", having said that it restarts" : "");
    disagreements_add(out, "%llu of %llu sessions that lost their bootnode are not back", (unsigned long long)missing,
                      (unsigned long long)comeback->lost);
}

static void say_announcements(const struct row_facts *facts, struct disagreements *out) {
    const struct oracle_verdict *announced = &facts->announced;
    uint64_t judged = announced->expired_expected - facts->expired_never_due;
    uint64_t unseen = judged > announced->expired_seen ? judged - announced->expired_seen : 0;
    say_count(out, announced->join_missing, "announcements of a join did not reach a member within 5 s");
    say_count(out, announced->expired_wrong,
              "sessions were announced as left though they lived, or before they could expire");
    if (unseen > 0)
        disagreements_add(out, "%llu of %llu sessions that fell silent were not announced as left to every member",
                          (unsigned long long)unseen, (unsigned long long)judged);
}

void verdict_gather(struct fleet *fleet, struct row_facts *out) {
    struct registrations *registrations = &fleet->registrations;
    const struct row_state *row = &fleet->row;
    out->announced = *oracle_verdict(fleet->oracle);
    out->expired_never_due = oracle_never_due(fleet->oracle);
    out->misdeeds = fleet->misdeeds;
    memcpy(out->refused, registrations->refused, sizeof out->refused);
    out->nowhere = registrations->nowhere;
    uint64_t now_us = load_now_us();
    bool all_back = fleet_missing(fleet) == 0;
    out->gone_us = !all_back && now_us > fleet->heard_us ? now_us - fleet->heard_us : 0;
    comeback_take(fleet, &out->comeback);
    node_facts_take(&out->nodes, &fleet->nodes);
    out->deaf_us = row->asked > 0 && row->asked_at_us > fleet->heard_us ? row->asked_at_us - fleet->heard_us : 0;
    out->draining = fleet->draining;
    out->no_memory = fleet->no_memory;
    memset(&fleet->misdeeds, 0, sizeof fleet->misdeeds);
    memset(registrations->refused, 0, sizeof registrations->refused);
    registrations->nowhere = 0;
}

void verdict_lines(const struct row_facts *facts, struct disagreements *out) {
    const struct misdeeds *misdeeds = &facts->misdeeds;
    if (facts->draining) disagreements_add(out, "the bootnode is shutting down");
    if (facts->no_memory) disagreements_add(out, "out of memory");
    say_count(out, misdeeds->forged, "packets had a wrong tag, seal or token");
    say_count(out, misdeeds->malformed, "packets were not as the protocol has them");
    say_count(out, misdeeds->resets, "living sessions were forgotten by the bootnode");
    say_count(out, misdeeds->unanswered, "LEAVEs got no RESET");
    say_count(out, misdeeds->overdue, "sessions expired since gochat-load was held up, and beat too late");
    say_count(out, misdeeds->stuck, "sessions did not move to their new port");
    say_count(out, misdeeds->unheard, "last beats before the silence got no answer");
    if (facts->deaf_us > ANSWER_LIMIT_US)
        disagreements_add(out, "the bootnode fell silent %.1f s before the row's last request",
                          (double)facts->deaf_us / 1e6);
    say_comebacks(facts, out);
    say_refusals(facts, out);
    say_announcements(facts, out);
    if (facts->counters_used_up) disagreements_add(out, "the row ended early: the sessions' beat counters are used up");
}

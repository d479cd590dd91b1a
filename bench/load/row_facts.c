#include "bench/load/row_facts.h"

#include <stddef.h>

static void merge_announced(struct oracle_verdict *into, const struct oracle_verdict *from) {
    histogram_merge(&into->announce_us, &from->announce_us);
    histogram_merge(&into->expiry_late_ms, &from->expiry_late_ms);
    into->join_missing += from->join_missing;
    into->expired_expected += from->expired_expected;
    into->expired_seen += from->expired_seen;
    into->expired_wrong += from->expired_wrong;
}

static void merge_misdeeds(struct misdeeds *into, const struct misdeeds *from) {
    into->forged += from->forged;
    into->malformed += from->malformed;
    into->resets += from->resets;
    into->unanswered += from->unanswered;
    into->overdue += from->overdue;
    into->stuck += from->stuck;
    into->unheard += from->unheard;
}

void row_facts_merge(struct row_facts *into, const struct row_facts *from) {
    into->sessions += from->sessions;
    into->registered += from->registered;
    if (from->elapsed_us > into->elapsed_us) into->elapsed_us = from->elapsed_us;
    merge_announced(&into->announced, &from->announced);
    into->expired_never_due += from->expired_never_due;
    merge_misdeeds(&into->misdeeds, &from->misdeeds);
    for (size_t i = 0; i < sizeof into->refused / sizeof *into->refused; i++) into->refused[i] += from->refused[i];
    into->nowhere += from->nowhere;
    comeback_result_merge(&into->comeback, &from->comeback);
    node_facts_merge(&into->nodes, &from->nodes);
    if (from->gone_us > into->gone_us) into->gone_us = from->gone_us;
    if (from->deaf_us > into->deaf_us) into->deaf_us = from->deaf_us;
    into->draining = into->draining || from->draining;
    into->no_memory = into->no_memory || from->no_memory;
    into->counters_used_up = into->counters_used_up || from->counters_used_up;
}

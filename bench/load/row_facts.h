/* What a row came to in the eyes of its fleet, and what went wrong. The facts of several fleets add up, so that each
 * line that is made of them is said once, whoever saw what. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/comeback_result.h"
#include "bench/load/node_facts.h"
#include "bench/load/oracle.h"
#include "common/wire/bootnode_packets.h"

/* What must not happen, counted since the last row's end. */
struct misdeeds {
    uint64_t forged;     /* tags and seals that are not right */
    uint64_t malformed;  /* authentic, and not as the protocol has it */
    uint64_t resets;     /* of living sessions */
    uint64_t unanswered; /* LEAVEs */
    uint64_t overdue;    /* sessions that we let expire, since we did not run */
    uint64_t stuck;      /* sessions that did not move after their port changed */
    uint64_t unheard;    /* last beats without an answer */
};

struct row_facts {
    uint32_t sessions;
    uint64_t registered; /* since the row began */
    uint64_t elapsed_us; /* since then; of several, the longest */
    struct oracle_verdict announced;
    uint64_t expired_never_due; /* of those expected: the row was cut before they could be missing */
    struct misdeeds misdeeds;
    uint64_t refused[REFUSAL_END]; /* registrations, by reason */
    uint64_t nowhere;              /* registrations that were begun anew after too long */
    struct comeback_result comeback;
    struct node_facts nodes;
    uint64_t gone_us; /* while sessions are not back: how long nothing was heard; of several, the most */
    uint64_t
        deaf_us; /* how long before the last request that wants an answer nothing was heard; of several, the most */
    bool draining, no_memory;
    bool counters_used_up; /* the row ended early for that */
};

/* Adds `from`, of another fleet in the same row. */
void row_facts_merge(struct row_facts *into, const struct row_facts *from);

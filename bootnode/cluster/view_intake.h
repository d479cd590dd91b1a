/* What comes into a view from the board: whether a beacon whose maker has our key is believed. */
#pragma once

#include <stdint.h>

#include "bootnode/cluster/view_parts.h"
#include "common/attributes.h"

/* Why one was not. The names of all but the first are those of the metric's label. */
enum beacon_refusal {
    BEACON_BELIEVED,
    BEACON_REFUSED_OWN,           /* ours, as the board gives it back: not counted */
    BEACON_REFUSED_MALFORMED,     /* beacon.h */
    BEACON_REFUSED_FORGED,        /* the same */
    BEACON_REFUSED_SUBJECT,       /* said under another id than it has, or under none that there is */
    BEACON_REFUSED_REPLAYED,      /* its counter is not above the last */
    BEACON_REFUSED_OLD_RUN,       /* of a run that another one at the same address has followed */
    BEACON_REFUSED_ID_TAKEN,      /* its id is another node's, elsewhere */
    BEACON_REFUSED_WEIGHT,        /* not 1 … CLUSTER_WEIGHT_MAX */
    BEACON_REFUSED_ADDRESS,       /* nothing that a client could use, or that is good enough for us */
    BEACON_REFUSED_ADDRESS_TAKEN, /* the address of another node that says it is there, or ours */
    BEACON_REFUSALS
};

/* One that beacon_decode took. Who is believed has its addresses: whoever was known there is no member any more. */
MUST_USE enum beacon_refusal view_intake(struct view *view, const struct beacon *beacon, uint64_t now, uint64_t wall);
/* Does the first of two runs with one id have it? PROTOCOL.md §2.7. */
MUST_USE bool view_intake_wins(uint64_t started_ms, uint64_t boot, bool clock_off, const struct view_rival *other);
/* "malformed" … */
const char *view_refusal_name(enum beacon_refusal refusal);

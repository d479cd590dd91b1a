/* How many sessions lost their bootnode, and how soon they were back (comeback.h). Those of several fleets add up; for
 * them the first sign is each one's own. Pure. */
#pragma once

#include <stdint.h>

#include "bench/load/histogram.h"

struct comeback_result {
    uint64_t lost, back;      /* sessions: `lost - back` are not */
    uint64_t told;            /* of the lost ones, how many by NOTICE */
    uint64_t all_ms;          /* from the first sign until the last of them was back; of several times the longest */
    uint64_t busy;            /* times that a registration was told to come again later */
    struct histogram back_ms; /* of each that is back */
};

void comeback_result_merge(struct comeback_result *into, const struct comeback_result *from);

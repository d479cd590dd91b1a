#include "bootnode/table/lateness.h"

const uint32_t lateness_bounds[LATENESS_BUCKETS] = {50, 100, 150, 200, 250, 300, 500, 1000, UINT32_MAX};

static void raise_to(uint64_t *max, uint64_t value) {
    if (*max < value) *max = value;
}

void lateness_note(struct lateness *lateness, uint32_t late_ms) {
    size_t bucket = 0;
    while (late_ms > lateness_bounds[bucket]) bucket++;
    lateness->counts[bucket]++;
    lateness->sum_ms += late_ms;
    raise_to(&lateness->max_ms, late_ms);
}

void lateness_add(struct lateness *sum, const struct lateness *more) {
    for (size_t i = 0; i < LATENESS_BUCKETS; i++) sum->counts[i] += more->counts[i];
    sum->sum_ms += more->sum_ms;
    raise_to(&sum->max_ms, more->max_ms);
}

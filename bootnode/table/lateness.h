/* How late silent sessions were found: a histogram, with sum and maximum, for operators and load tests. Pure; whoever
 * notes holds the lock. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define LATENESS_BUCKETS 9

struct lateness {
    uint64_t counts[LATENESS_BUCKETS]; /* each late by at most its bound, and by more than the bound before */
    uint64_t sum_ms, max_ms;
};

/* Upper bounds in milliseconds, rising; the last one is UINT32_MAX and stands for "more". They lie close together
 * around 250 ms, which is what the reaper promises. */
extern const uint32_t lateness_bounds[LATENESS_BUCKETS];

void lateness_note(struct lateness *lateness, uint32_t late_ms);
/* Adds what `more` has to `sum`. */
void lateness_add(struct lateness *sum, const struct lateness *more);

/* A log-linear histogram of durations (as Gil Tene's HdrHistogram): 1 % resolution from 1 to 2^40 units, constant time
 * and memory. Histograms of several threads, runs or machines add up to the one that all values would have given: the
 * buckets are the same everywhere. Pure. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define HISTOGRAM_STEPS 128 /* to each power of two */
#define HISTOGRAM_POWERS 41

struct histogram {
    uint64_t count, maximum, minimum;
    double sum; /* exact up to 2^53; beyond it as near as a double is */
    uint64_t buckets[HISTOGRAM_POWERS * HISTOGRAM_STEPS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* What came since `before`, which was a copy of `now` at an earlier time. Its minimum and maximum are those of its
 * buckets, and never beyond those of `now`. */
void histogram_since(const struct histogram *now, const struct histogram *before, struct histogram *out);
double histogram_mean(const struct histogram *histogram);
/* The value that `share` (0 to 1) of all are not above, rounded up to its bucket's end but never above the maximum; 0
 * without values. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

/* The buckets as they are written: bucket b holds the values from histogram_lower(b) up to the next one's. */
#define HISTOGRAM_BUCKETS ((size_t)HISTOGRAM_POWERS * HISTOGRAM_STEPS)
uint64_t histogram_lower(size_t bucket);
/* Puts `count` values back into the bucket that begins at `lower`; false where none does. The caller sets minimum,
 * maximum and sum. */
MUST_USE bool histogram_restore(struct histogram *histogram, uint64_t lower, uint64_t count);

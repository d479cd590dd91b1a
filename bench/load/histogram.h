/* A log-linear histogram of durations (as Gil Tene's HdrHistogram): 1 % resolution from 1 to 2^40 units, constant time
 * and memory. Pure. */
#pragma once

#include <stdint.h>

#define HISTOGRAM_STEPS 128 /* to each power of two */
#define HISTOGRAM_POWERS 41

struct histogram {
    uint64_t count, maximum, minimum;
    uint64_t buckets[HISTOGRAM_POWERS * HISTOGRAM_STEPS];
};

void histogram_clear(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The value that `share` (0 to 1) of all are not above, rounded up to its bucket's end but never above the maximum; 0
 * without values. */
uint64_t histogram_quantile(const struct histogram *histogram, double share);

#include "bench/load/histogram.h"

#include <string.h>

#define BUCKETS (HISTOGRAM_POWERS * HISTOGRAM_STEPS)
#define STEP_BITS 7
_Static_assert(1 << STEP_BITS == HISTOGRAM_STEPS, "the steps are a power of two");

/* Row 0 holds the values below HISTOGRAM_STEPS one by one, row n those whose highest bit is STEP_BITS + n - 1. */
static size_t bucket_of(uint64_t value) {
    if (value < HISTOGRAM_STEPS) return (size_t)value;
    unsigned shift = 63U - (unsigned)__builtin_clzll(value) - STEP_BITS;
    size_t bucket = (shift + 1) * HISTOGRAM_STEPS + (size_t)(value >> shift) - HISTOGRAM_STEPS;
    return bucket < BUCKETS ? bucket : BUCKETS - 1;
}

static uint64_t bucket_end(size_t bucket) {
    size_t row = bucket / HISTOGRAM_STEPS, step = bucket % HISTOGRAM_STEPS;
    if (row == 0) return step;
    return ((uint64_t)(HISTOGRAM_STEPS + step + 1) << (row - 1)) - 1;
}

void histogram_clear(struct histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    if (histogram->count == 0 || value < histogram->minimum) histogram->minimum = value;
    if (value > histogram->maximum) histogram->maximum = value;
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    if (from->count == 0) return;
    if (into->count == 0 || from->minimum < into->minimum) into->minimum = from->minimum;
    if (from->maximum > into->maximum) into->maximum = from->maximum;
    into->count += from->count;
    for (size_t i = 0; i < BUCKETS; i++) into->buckets[i] += from->buckets[i];
}

uint64_t histogram_quantile(const struct histogram *histogram, double share) {
    double exact = share * (double)histogram->count;
    uint64_t wanted = (uint64_t)exact, passed = 0;
    if (wanted == 0 || (double)wanted < exact) wanted++;
    for (size_t i = 0; i < BUCKETS; i++) {
        passed += histogram->buckets[i];
        if (passed < wanted) continue;
        uint64_t end = bucket_end(i);
        return end < histogram->maximum && i < BUCKETS - 1 ? end : histogram->maximum;
    }
    return histogram->maximum;
}

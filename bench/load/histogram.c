#include "bench/load/histogram.h"

#include <string.h>

#define BUCKETS HISTOGRAM_BUCKETS
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

uint64_t histogram_lower(size_t bucket) {
    return bucket == 0 ? 0 : bucket_end(bucket - 1) + 1;
}

void histogram_clear(struct histogram *histogram) {
    memset(histogram, 0, sizeof *histogram);
}

void histogram_add(struct histogram *histogram, uint64_t value) {
    if (histogram->count == 0 || value < histogram->minimum) histogram->minimum = value;
    if (value > histogram->maximum) histogram->maximum = value;
    histogram->sum += (double)value;
    histogram->count++;
    histogram->buckets[bucket_of(value)]++;
}

void histogram_merge(struct histogram *into, const struct histogram *from) {
    if (from->count == 0) return;
    if (into->count == 0 || from->minimum < into->minimum) into->minimum = from->minimum;
    if (from->maximum > into->maximum) into->maximum = from->maximum;
    into->sum += from->sum;
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

void histogram_since(const struct histogram *now, const struct histogram *before, struct histogram *out) {
    histogram_clear(out);
    out->count = now->count - before->count;
    out->sum = now->sum - before->sum;
    bool found = false;
    for (size_t i = 0; i < BUCKETS; i++) {
        out->buckets[i] = now->buckets[i] - before->buckets[i];
        if (out->buckets[i] == 0) continue;
        if (!found) out->minimum = histogram_lower(i);
        found = true;
        out->maximum = i < BUCKETS - 1 && bucket_end(i) < now->maximum ? bucket_end(i) : now->maximum;
    }
    if (found && out->minimum < now->minimum) out->minimum = now->minimum;
}

double histogram_mean(const struct histogram *histogram) {
    return histogram->count > 0 ? histogram->sum / (double)histogram->count : 0;
}

bool histogram_restore(struct histogram *histogram, uint64_t lower, uint64_t count) {
    size_t bucket = bucket_of(lower);
    if (histogram_lower(bucket) != lower) return false;
    histogram->buckets[bucket] += count;
    histogram->count += count;
    return true;
}

/* A histogram as JSON: {"unit", "count", "sum", "mean", "min", "p50", "p99", "p999", "max", "buckets": [[lower bound,
 * count], …]}. A bucket holds the values from its lower bound up to the next one's, less than 1 % of it wide (below 256
 * it is one value); only those that are not empty are written. The same buckets everywhere, so that those of several
 * threads, runs and machines add up. */
#pragma once

#include <jansson.h>

#include "bench/load/histogram.h"
#include "common/attributes.h"
#include "common/why.h"

/* The quantiles that people and reports are told. */
struct quantile {
    const char *key, *title;
    double share;
};
#define QUANTILE_COUNT 4
extern const struct quantile quantiles[QUANTILE_COUNT];

/* NULL without memory. */
MUST_USE json_t *distribution_write(const struct histogram *histogram, const char *unit);
/* Adds what was written to `into`. False with `why` where it is not such an object, or has another unit; `into` may
 * have part of it then. */
MUST_USE bool distribution_merge(const json_t *object, const char *unit, struct histogram *into, struct why *why);

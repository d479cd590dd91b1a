/* How much there is of each network, for an answer to an operator: counts prefixes in bounded memory, however many
 * there are.
 *
 * Invariant (lossy counting; Manku and Motwani, 2002): a prefix that was noted n times has a count of n - missed to n,
 * or none where n is at most `missed`. `missed` is 0 until more than `most` prefixes were noted; then the small ones
 * are forgotten, and it grows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/prefix.h"

struct prefix_count {
    struct prefix prefix;
    uint32_t count; /* 0: a free place */
};

struct prefix_tally {
    struct prefix_count *places; /* a power of two; open addressing */
    size_t capacity, used, most;
    uint32_t missed;
};

/* None noted. Not more than `most` prefixes (at least 2) are kept. False without memory. */
MUST_USE bool prefix_tally_init(struct prefix_tally *tally, size_t most);
void prefix_tally_clear(struct prefix_tally *tally);
/* False without memory; it was not noted then. */
MUST_USE bool prefix_tally_note(struct prefix_tally *tally, const struct prefix *prefix);
/* Puts what is counted in order, most first, ties by address, the shorter prefix first, and returns it, `*count` of
 * them. Nothing can be noted any more. */
const struct prefix_count *prefix_tally_sort(struct prefix_tally *tally, size_t *count);
/* Whether all is counted right and found. Walks over everything. */
bool prefix_tally_holds(const struct prefix_tally *tally);

/* A row of the fleet: made ready, asked whether it is over, and judged. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"
#include "common/why.h"

struct fleet;
struct row_options;
struct row_facts;

/* Makes the fleet ready for a row: new ports and MOVEs first when `row->rebind`; chooses who falls silent, and has
 * those of watched rooms beat once more, answered, so that their last sign of life is known. Blocks for that. False
 * with `why` when the sockets cannot be had again. */
MUST_USE bool row_begin(struct fleet *fleet, const struct row_options *row, struct why *why);
/* The row's time begins: right before its first request, for all fleets that take part at once. */
void row_start(struct fleet *fleet, uint64_t now_us);
/* Whether the row is over: after its duration; with churn once those that left are back and their joins
 * judged; with silent sessions once every one must have expired; early when the bootnode is draining or the
 * beats' counters are used up. For pump_options.end, with duration_us PACING_ENDLESS. */
bool row_over(struct fleet *fleet, uint64_t now_us);
/* It is over early, for such a reason. */
bool row_is_cut(const struct fleet *fleet);
/* What the fleet knows of the row. */
void row_end(struct fleet *fleet, struct row_facts *out);

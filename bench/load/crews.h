/* All crews of a run, as one: each phase of a row is done by all at once, and what they came to is the sum. For the
 * main thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/load/fill.h"
#include "bench/load/fleet_counts.h"
#include "bench/load/load_options.h"
#include "bench/load/pump_result.h"
#include "bench/load/row_facts.h"
#include "bench/load/run_status.h"
#include "bench/load/wire.h"
#include "common/attributes.h"
#include "common/why.h"

struct crews;
struct progress;

/* How many there are: as many as --threads says, but no more than rooms, if there are to be sessions. */
uint32_t crews_wanted(const struct load_options *options);
/* That many; `options` and `progress`, of which each is a part, are borrowed. NULL with `why`. */
MUST_USE struct crews *crews_open(const struct load_options *options, struct progress *progress, struct why *why);
/* Harmless with NULL. */
void crews_close(struct crews *crews);
/* For a while without a row. True while registrations are on their way: they want a turn within a millisecond. */
bool crews_keep_alive(struct crews *crews);

/* The phases of `row`, in this order, and crews_end_row whatever became of them. Anything but RUN_OK comes with `why`,
 * which is of the crew that failed first. */
/* With sessions only. */
MUST_USE enum run_status crews_fill(struct crews *crews, struct fill_result *out, struct why *why);
MUST_USE enum run_status crews_begin(struct crews *crews, const struct row_options *row, struct why *why);
MUST_USE enum run_status crews_prepare(struct crews *crews, struct why *why);
MUST_USE enum run_status crews_drive(struct crews *crews, struct pump_result *out, struct why *why);
void crews_end_row(struct crews *crews);
/* What the fleets know of the row; with sessions only, and once a row. */
void crews_take_facts(struct crews *crews, struct row_facts *out);
/* Requests a second that the row, once begun, is to send; 0: as fast as possible. */
double crews_rate(const struct crews *crews);

struct fleet_counts crews_counts(const struct crews *crews);
/* Of the wires that the sessions have, and of those that a row has beside them. */
struct wire_counts crews_fleet_sent(const struct crews *crews);
struct wire_counts crews_beside_sent(const struct crews *crews);

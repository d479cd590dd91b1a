/* A run: its crews (crew.h), and one row after the other, each filled, measured, compared and reported. The crews are
 * threads (team.h); everything here is for the main one. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "bench/load/load_options.h"
#include "bench/load/run_status.h"
#include "common/attributes.h"
#include "common/why.h"

struct row_result;
struct run;

/* `options` must outlive it. NULL with `why`. */
MUST_USE struct run *run_open(const struct load_options *options, struct why *why);
/* False with `why` when what was to be told meanwhile could not be written. */
MUST_USE bool run_close(struct run *run, struct why *why);
/* RUN_UNANSWERED and RUN_USAGE come with `why`, and then nothing was reported; empty: it was told already. */
enum run_status run_row(struct run *run, const struct row_options *row, struct why *why);

/* The same in parts, for who measures a row several times: all but the report; the result, with lines that live until
 * the next row; whether anything that should have come back did, or else `why`; the report as the row says, where
 * `more`, which it takes over, is told in JSON as "find_rate". */
MUST_USE enum run_status run_measure(struct run *run, const struct row_options *row, struct why *why);
const struct row_result *run_result(const struct run *run);
MUST_USE bool run_answered(const struct run *run, struct why *why);
MUST_USE bool run_report(struct run *run, const struct row_result *result, json_t *more, struct why *why);

/* Whether there are sessions to keep alive, by a call at least once a second. */
bool run_has_fleet(const struct run *run);
bool run_keep_alive(struct run *run);

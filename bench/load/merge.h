/* Results of several runs or machines, added up by the rows' names. Counts and distributions add up; the time is what
 * the runs cover together, so that a second in which two sent counts once, and the rates are what all sent in it.
 * Figures of the server do not add up (generators beside each other see the same one): they stay with each run.
 * Touches no files but those it is handed. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/attributes.h"
#include "common/why.h"

struct merge;

/* NULL without memory. */
MUST_USE struct merge *merge_create(void);
void merge_destroy(struct merge *merge);
/* Takes every line that --json wrote; lines of --progress-json are passed over. False with `why`, which names the file
 * as `name`, the line, and what was expected: for what is no result, for a row that is of another traffic than one of
 * its name before, and for the same result a second time. */
MUST_USE bool merge_read(struct merge *merge, FILE *from, const char *name, struct why *why);
/* One result for each name, in the order in which they came: JSON lines, as report.h has them, with "runs", or text.
 * `disagreements`: how many there were in all. False with errno. */
MUST_USE bool merge_write(struct merge *merge, FILE *to, bool as_json, uint64_t *disagreements);

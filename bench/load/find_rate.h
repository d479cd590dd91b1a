/* --find-rate: a row that is measured again and again at other rates, until the highest is found at which at most that
 * share of the answers is lost. The sessions live on through all steps, and those that an overload cost come back
 * before the next one. */
#pragma once

#include "bench/load/load_options.h"
#include "bench/load/run.h"
#include "common/attributes.h"
#include "common/why.h"

/* Tells each step, and reports the best one, or the last where none held: then RUN_DISAGREED. An interrupt keeps the
 * best so far. RUN_USAGE and RUN_UNANSWERED with `why`; what was found until then was reported. */
MUST_USE enum run_status find_rate(struct run *run, const struct row_options *row, struct why *why);

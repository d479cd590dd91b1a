/* What the table of flags says of those that cannot both be meant. Only for load_options.c. */
#pragma once

#include <stdbool.h>

#include "bench/load/load_flags.h"
#include "common/attributes.h"
#include "common/why.h"

/* Notes one more flag that was given. False with `why` when it contradicts those before, in its group or itself; the
 * same again is no contradiction. */
MUST_USE bool load_rules_note(struct settings *settings, const struct load_flag *flag, const char *value,
                              struct why *why);
/* Once all are noted: each means something for the traffic, has what it needs, and stands beside none that it cannot
 * stand beside. Drops inherited ones that mean nothing for the traffic. False with `why`. */
MUST_USE bool load_rules_hold(struct settings *settings, struct why *why);

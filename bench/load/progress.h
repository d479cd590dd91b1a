/* How a run goes, told while it goes: a line on standard error, rewritten where that is a terminal, and JSON lines.
 *
 * The parts of a run (its threads) note samples as often as they like; a thread of its own writes, so that neither a
 * slow terminal nor the look at the server's sockets holds up what is measured. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/moment.h"
#include "common/attributes.h"
#include "common/why.h"

struct load_options;
struct progress;

/* For a run in `parts`. As `options->progress_s` and `progress_json` say; the file is opened now. NULL with `why`,
 * which names the flag. */
MUST_USE struct progress *progress_open(const struct load_options *options, size_t parts, struct why *why);
/* False with `why` when the JSON lines could not be written; harmless with NULL. */
MUST_USE bool progress_close(struct progress *progress, struct why *why);
/* A new phase, of which no part has told anything; `phase` is copied. `port`: the server's, whose sockets' drops are
 * counted from now on. */
void progress_begin(struct progress *progress, const char *phase, bool filling, uint16_t port);
/* What the part came to; from any thread, in a phase. */
void progress_note(struct progress *progress, size_t part, const struct sample *sample);
/* The phase is over: nothing is told until the next one, and a line on a terminal is ended. */
void progress_end(struct progress *progress);

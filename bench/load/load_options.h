/* Reads what a user asks of gochat-load, from the command line and from the lines of --rows. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "bench/load/load_settings.h"
#include "common/attributes.h"
#include "common/why.h"

/* What cannot both be meant is refused, whatever it is and in whichever order: two kinds of traffic or of pace, a flag
 * that the row's traffic has no use for, one that lacks what it needs, one that is given twice with different values. A
 * row's traffic or pace takes the place of the command line's, and defaults from there that its traffic has no use for
 * are not the row's.
 *
 * From the command line. 0; 1 when --help or --version was answered (exit 0); 2 with one line on standard error that
 * names the flag, its value and what was expected. */
MUST_USE int load_options_parse(struct load_options *options, int argc, char **argv);
/* From a line of --rows, over the defaults of `options->row`. False with `why`, which names the flag and the value. */
MUST_USE bool load_options_parse_row(const struct load_options *options, const char *line, struct row_options *out,
                                     struct why *why);
/* Whether the fleet's sessions send the row's requests, over their own wire. */
bool load_options_of_fleet(const struct row_options *row);

/* The flag of that index as it is in force, defaults too, so that a report can name all; in the order of --help. False
 * beyond the last. SETTING_NONE: not in force, as another kind of traffic or of pace. */
struct load_setting {
    const char *name; /* without dashes */
    enum { SETTING_NONE, SETTING_TEXT, SETTING_NUMBER, SETTING_SWITCH } kind;
    char text[LOAD_TEXT_SIZE];
    double number;
    bool on;
};
MUST_USE bool load_setting_at(const struct load_options *options, const struct row_options *row, size_t index,
                              struct load_setting *out);
const char *load_version(void);
/* "beats", "stun", … */
const char *load_traffic_name(enum traffic_kind traffic);

/* The flags of gochat-load as a table. Only for load_options.c, which has it, and load_rules.c. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/load/load_settings.h"
#include "common/flags.h"
#include "common/why.h"

#define FLAGS_MAX 64 /* bits of a set */

struct settings {
    struct load_options *options; /* NULL: flags of a row alone */
    struct row_options *row;
    uint64_t given, inherited;     /* flags: here, and on the command line before the row; by index in the table */
    const char *values[FLAGS_MAX]; /* of those given here */
    struct why why;                /* what was expected, where the table does not say it */
};

enum { OF_RUN = 1, OF_ROW = 2 };

/* Sets of kinds of traffic. */
#define ONLY(kind) (1u << (kind))
#define FLEETS (ONLY(TRAFFIC_BEATS) | ONLY(TRAFFIC_NONE) | ONLY(TRAFFIC_RELAY))
#define SENDS (~ONLY(TRAFFIC_NONE))

/* Flags of which a row has one at most. */
enum group { GROUP_NONE, GROUP_TRAFFIC, GROUP_PACE };

struct load_flag {
    struct flag flag;
    size_t offset; /* of its field in row_options or load_options */
    bool (*set)(struct settings *settings, const struct load_flag *flag, const char *value);
    size_t size;
    enum group group;
    int choice;        /* the traffic or the pace that it asks for */
    unsigned traffics; /* of the rows that it means something in, one bit each; 0: all */
    const char *needs; /* another flag */
    const char *never; /* flags that it cannot stand beside, with a blank around each; "*": any but --json */
    double minimum, maximum;
    const char *expected;
};

extern const struct load_flag load_flags[];
extern const size_t load_flag_count;
extern const struct load_options load_defaults;

static inline uint64_t load_flag_bit(const struct load_flag *flag) {
    return UINT64_C(1) << (flag - load_flags);
}
/* Where the flag's value is kept. */
void *load_flag_field(const struct settings *settings, const struct load_flag *flag);
/* "--rate 'x': expected …"; false. */
bool load_flag_complain(struct why *why, const char *name, const char *value, const char *expected);
/* Whether it stands here, on the command line or in the row. */
bool load_flag_given(const struct settings *settings, const char *name);

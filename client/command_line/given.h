/* What stands on the command line, taken apart and not looked at yet: the flags, the invite, the words of a sender. And
 * the complaints about all that, which are counted. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "common/attributes.h"
#include "common/ini_key.h"
#include "common/modes.h"

#define GIVEN_FROM_INPUT "-" /* as an invite: it is the first line of standard input */

struct given {
    enum mode mode;
    const char *values[MODE_FLAGS_MOST]; /* by the row of mode_flags; NULL: not given */
    /* Of all --bootnode; longer than the setting may be, so that what is cut here is refused there. */
    char bootnodes[2 * INI_TEXT_SIZE];
    char *words;  /* of --mode send, malloc'd; NULL: none */
    char *invite; /* a word of argv, or GIVEN_FROM_INPUT; NULL: none */
    char *kept;   /* a word of argv that is none, in its place: a private room that is kept; NULL: none */
    bool asked;   /* there was nothing, but somebody at a terminal */
    size_t problems;
};

/* Takes the arguments apart, and complains about what is no flag of their mode. The caller frees `words`. */
void given_parse(int argc, char **argv, struct given *out);
/* The last value of a flag, which has no dashes here; "" where it takes none. NULL: it was not given. */
const char *given_value(const struct given *given, const char *flag);
/* The number of a descriptor, as --passphrase-fd takes it. False: it is none. */
MUST_USE bool given_descriptor(const char *text, int *out);

/* One line on standard error, and one problem more. */
void given_complain(struct given *given, const char *line);
/* The same, as flag_explain puts it: what has that value, and what was expected. */
void given_refuse(struct given *given, const char *what, const char *value, const char *expected);
void given_refuse_flag(struct given *given, const char *flag, const char *value, const char *expected);

/* The lines of a configuration file, read through inih, with these rules. A line has less than 65,536 bytes, and no
 * zero byte. Lines may be indented (no continuation lines). A line is [section], or key = value, as ini_quotes.h has
 * values, or begins with # or ; and is a comment. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "common/attributes.h"

struct ini_lines_host {
    /* Whether the keys of that section are to be read. */
    bool (*section)(void *context, unsigned line, const char *name);
    /* Before any section its name is "". */
    void (*key)(void *context, unsigned line, const char *section, const char *name, const char *value);
    /* What is wrong with the line; its text may have any bytes in it. */
    void (*fault)(void *context, unsigned line, const char *text);
};

/* Reads to the end, whatever is wrong before it; a line that is too long is the end. False, with errno, where the file
 * cannot be read or there is no memory. */
MUST_USE bool ini_lines_read(FILE *stream, const struct ini_lines_host *host, void *context);

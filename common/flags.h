/* Flags of a command line, read by a table: --name VALUE, --name=VALUE, or an unambiguous beginning of the name; behind
 * "--" nothing is a flag. What is wrong is said in one line that names it, and what was meant, where that can be told.
 * Nothing is written anywhere, so tests see what users do. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "common/why.h"

#define FLAG_EVERYWHERE (~0u)

struct flag {
    const char *name;  /* without its dashes */
    const char *value; /* what stands behind it, as in "FILE"; NULL: nothing does */
    const char *help;  /* NULL: not listed */
    unsigned modes;    /* those that have it, one bit each. Two rows with one name have the same kind of value. */
};

/* Rows that begin with a struct flag. */
struct flag_table {
    const void *rows;
    size_t count, row_size;
};
#define FLAG_TABLE(table)                                                                                              \
    { (table), sizeof(table) / sizeof *(table), sizeof *(table) }

const struct flag *flag_at(const struct flag_table *table, size_t index);

struct flag_reader {
    struct flag_table table;
    unsigned modes;                /* whose flags are known */
    const char *const *mode_names; /* by bit, NULL at the end; NULL: there are no modes */
    const char *help_command;      /* that lists the flags */
    bool takes_words;              /* what is no flag is welcome */
    bool takes_names;              /* or what does not seem to be meant for a flag or a mode, and behind "--" all */
    char *const *words;
    size_t count; /* of words */
    /* Of flag_next alone: */
    size_t at;
    bool words_only;     /* since "--" */
    bool unknown_before; /* the word before was complained about: this may be its value, or go on with it */
};

enum flag_item { FLAG_END, FLAG_GIVEN, FLAG_WORD, FLAG_WRONG };

/* The next item of the words. FLAG_GIVEN: its row in `flag` and its value, "" where it takes none, in `value`.
 * FLAG_WORD: the word in `value`. FLAG_WRONG: one line in `why`; go on, and hear about the rest. */
enum flag_item flag_next(struct flag_reader *reader, const struct flag **flag, const char **value, struct why *why);
/* "--port '70000': expected …" in one line that is safe to print, whatever the value is; without one where `value` is
 * NULL. `what` is a flag with its dashes, or what else has the value. */
void flag_explain(const char *what, const char *value, const char *expected, char *out, size_t size);
/* The flags of `modes`, a line each: "  --name VALUE  help". */
void flags_list(const struct flag_table *table, unsigned modes, FILE *out);

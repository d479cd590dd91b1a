/* One text → rows of at most `width` columns, broken at blanks (UAX 14 would break CJK text between characters: so do
 * we), a word longer than a row between clusters. Pure. Blanks at a break are not drawn. Every width from 1 works; a
 * cluster wider than the row is left out. A newline ends a row: the last one of a text begins no other. Blanks at the
 * start of a line are kept, if need be on a row of their own, which is empty then. Takes linear time. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct wrap {
    const char *text;
    size_t size, at;
    unsigned width;
    bool finished;
};

struct wrap_row {
    size_t start, size; /* bytes of the text */
    unsigned columns;
};

struct wrap wrap_over(const char *text, size_t size, unsigned width);
/* The next row; an empty text has one, empty. False after the last. */
bool wrap_next(struct wrap *wrap, struct wrap_row *row);
/* The same, but it ends before byte `stop` at the latest. */
bool wrap_next_until(struct wrap *wrap, size_t stop, struct wrap_row *row);
/* Does the row lie in what was looked at, within the width, and has it no newline? */
bool wrap_holds(const struct wrap *wrap, const struct wrap_row *row);
size_t wrap_count(const char *text, size_t size, unsigned width);

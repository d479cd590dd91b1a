/* How text fills the columns of a terminal. Pure, but for the locale: columns_init must have found a UTF-8 LC_CTYPE.
 *
 * The truth is wcwidth(3), because ncurses counts with it. A terminal may count clusters of several code points
 * otherwise (a family joined by ZWJ, a skin tone, an emoji style), so what is drawn leaves out what they disagree on:
 * joiners, variation selectors and their like, and a skin tone that follows an emoji. Then every terminal arrives at
 * the same column. ZWNJ is drawn, since no terminal gives it a column; soft hyphens are not, since some do. A control
 * character is drawn as U+FFFD; so is one that libc does not know, but for those that Unicode has wide, or will have:
 * as U+3013. A mark that stands on nothing stands on U+25CC. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/attributes.h"

#define COLUMNS_TAB 4       /* a tab is drawn as so many blanks, wherever it stands */
#define COLUMNS_MARKS_MAX 4 /* more marks on a base are not drawn: what a cell of ncurses (CCHARW_MAX) takes */

/* Chooses the user's locale, or C.UTF-8 where that is not UTF-8. False when there is no UTF-8 at all. */
MUST_USE bool columns_init(void);

/* A cluster of more is cut between two: a chain of emoji may be joined endlessly, and no row would hold it. The longest
 * that people use, a family, has four. */
#define COLUMNS_CLUSTER_GLYPHS 8

/* What a user takes for one character: an extended grapheme cluster (UAX 29, utf8proc). */
struct cluster {
    size_t size;      /* bytes */
    unsigned columns; /* 0: only what is not drawn */
};
/* The first cluster of a valid UTF-8 text; of size 0 where the text is empty. A newline is a cluster of
 * its own, of no column. */
struct cluster columns_cluster(const char *text, size_t size);
/* Where the cluster that ends at `at` begins. */
size_t columns_cluster_before(const char *text, size_t at);
/* Of a whole text. */
unsigned columns_of(const char *text, size_t size);
/* How many bytes of whole clusters fit into `columns`. */
size_t columns_fit(const char *text, size_t size, unsigned columns);

/* What stands in one cell: a character of one or two columns and the marks on it. */
struct glyph {
    uint32_t base;
    uint32_t marks[COLUMNS_MARKS_MAX];
    uint8_t mark_count;
    uint8_t columns; /* 1 or 2 */
};
/* Takes the next glyph off the text. False at its end, or at a newline: there `*at` stands then. A tab comes as U+0020
 * for the caller to repeat (COLUMNS_TAB): `columns` is 1 and `*at` moves only past the tab, so text[*at - 1] is it. */
bool columns_glyph(const char *text, size_t size, size_t *at, struct glyph *out);

/* Which part of the screen lies where: the sizes that screen.h promises. Pure.
 *
 * The rule, which test_screen.c draws at every width: of W columns the text of a message has
 *
 *   at least LAYOUT_TEXT          where W is 80 or more, whatever clock, members list and names there are;
 *   W less the clock's            where W is less, and no members list was asked for: names stand in the text then;
 *
 * so names have a column of their own only where it leaves LAYOUT_TEXT to the text. It is as wide as the widest name
 * that spoke, within a quarter of the pane and LAYOUT_AUTHOR_MAX. With `members = auto` the list is there from
 * LAYOUT_MEMBERS_FROM columns on; it has two ninths of them, LAYOUT_MEMBERS_MIN to LAYOUT_MEMBERS_MAX. */
#pragma once

#include <stdbool.h>

#define LAYOUT_TEXT 50
#define LAYOUT_SEPARATOR 3      /* between the names' column and the text */
#define LAYOUT_AUTHOR_MAX 37    /* the longest nick, and "#1a2b" */
#define LAYOUT_MEMBERS_FROM 100 /* with members = auto the list is shown from this many columns on */
#define LAYOUT_MEMBERS_MIN 14
#define LAYOUT_MEMBERS_MAX 28

struct rect {
    unsigned row, column, rows, columns; /* without rows or columns: not there */
};

struct screen_layout {
    struct rect title, pane, members, status, input;
    unsigned author; /* columns of the authors' own column in the pane; 0: they stand in the text */
};

struct layout_wishes {
    int members, clock; /* of enum MEMBERS_… and CLOCK_… (client/config.h) */
    unsigned names;     /* columns of the widest */
};

/* The column before a members list is for what separates it. */
struct screen_layout screen_layout(unsigned rows, unsigned columns, const struct layout_wishes *wishes);
/* What the clock takes of a pane. */
unsigned layout_time_columns(unsigned pane_columns, int clock);

#include "client/curses/screen_layout.h"

#include "client/config.h"

#define TITLE_ROWS_MIN 5
#define STATUS_ROWS_MIN 4
#define MEMBERS_COLUMNS_ON 40 /* MEMBERS_ON: with less nothing could be read */
#define AUTHOR_MIN 10         /* a nick of five and "#1a2b": with less most names would be cut */
#define TIME_PANE_MIN 24      /* in less the clock takes too much of it */

static unsigned least(unsigned a, unsigned b) {
    return a < b ? a : b;
}

static unsigned members_columns(unsigned columns, int members) {
    unsigned from = members == MEMBERS_ON ? MEMBERS_COLUMNS_ON : LAYOUT_MEMBERS_FROM;
    if (members == MEMBERS_OFF || columns < from) return 0;
    unsigned wanted = columns * 2 / 9; /* 22 of 100: a nick of six, its digits and "12 ms" */
    return wanted < LAYOUT_MEMBERS_MIN ? LAYOUT_MEMBERS_MIN : least(wanted, LAYOUT_MEMBERS_MAX);
}

unsigned layout_time_columns(unsigned pane_columns, int clock) {
    if (clock == CLOCK_OFF || pane_columns < TIME_PANE_MIN) return 0;
    return clock == CLOCK_SECONDS ? sizeof "12:02:33" : sizeof "12:02"; /* and a blank */
}

/* Whether there is a column depends on the sizes alone, how wide it is on the names: a new name never moves the others
 * into the text. */
static unsigned author_columns(unsigned pane, const struct layout_wishes *wishes) {
    unsigned others = layout_time_columns(pane, wishes->clock) + LAYOUT_SEPARATOR + LAYOUT_TEXT;
    unsigned most = pane > others ? least(pane - others, least(pane / 4, LAYOUT_AUTHOR_MAX)) : 0;
    if (most < AUTHOR_MIN) return 0;
    return wishes->names > 0 ? least(wishes->names, most) : 1;
}

struct screen_layout screen_layout(unsigned rows, unsigned columns, const struct layout_wishes *wishes) {
    struct screen_layout layout = {0};
    if (rows == 0 || columns == 0) return layout;
    unsigned top = rows >= TITLE_ROWS_MIN ? 1 : 0, status = rows >= STATUS_ROWS_MIN ? 1 : 0;
    unsigned pane_rows = rows - 1 - status - top;
    unsigned list = pane_rows > 0 ? members_columns(columns, wishes->members) : 0;
    unsigned pane_columns = list > 0 ? columns - list - 1 : columns;
    layout.title = (struct rect){0, 0, top, columns};
    layout.pane = (struct rect){top, 0, pane_rows, pane_columns};
    if (list > 0) layout.members = (struct rect){top, pane_columns + 1, pane_rows, list};
    layout.status = (struct rect){top + pane_rows, 0, status, columns};
    layout.input = (struct rect){rows - 1, 0, 1, columns};
    layout.author = author_columns(pane_columns, wishes);
    return layout;
}

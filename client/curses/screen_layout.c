#include "client/curses/screen_layout.h"

#include "client/config.h"
#include "client/curses/screen.h"

#define TITLE_ROWS_MIN 5
#define STATUS_ROWS_MIN 4
#define MEMBERS_COLUMNS_ON 40 /* MEMBERS_ON: with less nothing could be read */
#define AUTHOR_COLUMNS_MIN 60
#define AUTHOR_MIN 12
#define AUTHOR_PANE_MIN 40

static unsigned members_columns(unsigned columns, int members) {
    unsigned least = members == MEMBERS_ON ? MEMBERS_COLUMNS_ON : SCREEN_MEMBERS_FROM;
    if (members == MEMBERS_OFF || columns < least) return 0;
    unsigned wanted = columns * 3 / 10;
    return wanted < LAYOUT_MEMBERS_MAX ? wanted : LAYOUT_MEMBERS_MAX;
}

static unsigned author_columns(unsigned columns, unsigned pane) {
    if (columns < AUTHOR_COLUMNS_MIN || pane < AUTHOR_PANE_MIN) return 0;
    unsigned wanted = pane / 4;
    return wanted < AUTHOR_MIN ? AUTHOR_MIN : wanted > LAYOUT_AUTHOR_MAX ? LAYOUT_AUTHOR_MAX : wanted;
}

struct screen_layout screen_layout(unsigned rows, unsigned columns, int members) {
    struct screen_layout layout = {0};
    if (rows == 0 || columns == 0) return layout;
    unsigned top = rows >= TITLE_ROWS_MIN ? 1 : 0, status = rows >= STATUS_ROWS_MIN ? 1 : 0;
    unsigned pane_rows = rows - 1 - status - top;
    unsigned list = pane_rows > 0 ? members_columns(columns, members) : 0;
    unsigned pane_columns = list > 0 ? columns - list - 1 : columns;

    layout.title = (struct rect){0, 0, top, columns};
    layout.pane = (struct rect){top, 0, pane_rows, pane_columns};
    if (list > 0) layout.members = (struct rect){top, pane_columns + 1, pane_rows, list};
    layout.status = (struct rect){top + pane_rows, 0, status, columns};
    layout.input = (struct rect){rows - 1, 0, 1, columns};
    layout.author = author_columns(columns, pane_columns);
    return layout;
}

/* Which part of the screen lies where: the sizes that screen.h promises. Pure. */
#pragma once

#include <stdbool.h>

#define LAYOUT_AUTHOR_MAX 21 /* a nick of 16 columns and "#1a2b" */
#define LAYOUT_MEMBERS_MAX 28

struct rect {
    unsigned row, column, rows, columns; /* without rows or columns: not there */
};

struct screen_layout {
    struct rect title, pane, members, status, input;
    unsigned author; /* columns of the authors' own column in the pane; 0: they stand in the text */
};

/* `members`: of enum MEMBERS_… (client/config.h). The column before a members list is for what separates it. */
struct screen_layout screen_layout(unsigned rows, unsigned columns, int members);

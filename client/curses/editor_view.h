/* Which part of the input line stands in its row. Pure. */
#pragma once

#include <stddef.h>

#include "client/curses/editor.h"

/* What of the text is shown in `columns`, so that the cursor is: start and size in bytes, the cursor's column. `scroll`
 * is the caller's start of the last time: the view moves only when it must, and then by a third of the width. A
 * newline is drawn as one column (U+21B5). */
struct editor_view {
    size_t start, size;
    unsigned cursor;
};
struct editor_view editor_view(const struct editor *editor, unsigned columns, size_t scroll);

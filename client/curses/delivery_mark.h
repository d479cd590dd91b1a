/* How far an own message got, in a few columns: "○" with nobody yet, "2/3" with some, "✓" with all, "2/3 ✗1" when
 * somebody will not get it. Pure. */
#pragma once

#include "client/curses/canvas.h"
#include "client/curses/scrollback.h"

/* Columns that no mark of this message will ever exceed, so that what is around it can stay where it is; 0: it has
 * none. */
unsigned delivery_mark_columns(const struct line_header *header);
/* Returns the column after it. */
unsigned delivery_mark_draw(struct canvas *canvas, unsigned row, unsigned column, unsigned end,
                            const struct line_header *header);

/* A label (roster.h) as it is drawn: cut in the nick where it is too long, never in the digits of the key, and those
 * quiet. Also "alice#1a2b → you". Pure. */
#pragma once

#include <stddef.h>

#include "client/curses/canvas.h"
#include "client/ui/roster.h"

/* Who a private message goes to: "alice#1a2b → you", "you → alice#1a2b". */
#define LABEL_YOU "you"
#define LABEL_ARROW " → "

struct label {
    char text[2 * ROSTER_LABEL_SIZE]; /* not zero-terminated */
    size_t size, digits;              /* where '#' stands; size: nowhere */
    unsigned columns;
};

/* At most so many columns; where even the digits do not fit the end is cut. */
struct label label_of(const char *text, size_t size, unsigned columns);
/* Returns the column after it. */
unsigned label_draw(struct canvas *canvas, unsigned row, unsigned column, unsigned end, const struct label *label,
                    struct style style);
/* Of the digits. */
struct style label_quiet(struct style style);

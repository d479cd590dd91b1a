#include "client/curses/delivery_mark.h"

#include <stdio.h>
#include <string.h>

static unsigned digits(unsigned number) {
    unsigned count = 1;
    for (; number >= 10; number /= 10) count++;
    return count;
}

unsigned delivery_mark_columns(const struct line_header *header) {
    unsigned each = digits(header->recipients);
    return header->own && header->recipients > 0 ? 2 * each + 1 + 2 + each : 0; /* "n/n" and " ✗n" */
}

unsigned delivery_mark_draw(struct canvas *canvas, unsigned row, unsigned column, unsigned end,
                            const struct line_header *header) {
    struct style style = {COLOUR_WARNING, 0};
    char text[32] = "○";
    if (!header->own || header->recipients == 0) return column;
    if (header->delivered >= header->recipients) {
        style.colour = COLOUR_GOOD;
        snprintf(text, sizeof text, "✓");
    } else if (header->delivered + header->undelivered > 0)
        snprintf(text, sizeof text, "%u/%u", header->delivered, header->recipients);
    column = canvas_text(canvas, row, column, end, text, strlen(text), style);
    if (header->undelivered == 0) return column;
    snprintf(text, sizeof text, " ✗%u", header->undelivered);
    return canvas_text(canvas, row, column, end, text, strlen(text), (struct style){COLOUR_BAD, 0});
}

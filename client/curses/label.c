#include "client/curses/label.h"

#include <string.h>

#define ELLIPSIS "…"

static void append(struct label *label, const char *text, size_t size) {
    size_t room = sizeof label->text - label->size;
    if (size > room) size = 0;
    memcpy(label->text + label->size, text, size);
    label->size += size;
}

struct label label_of(const char *text, size_t size, unsigned columns) {
    struct label label = {.columns = columns_of(text, size)};
    const char *hash = memrchr(text, '#', size);
    size_t head = hash ? (size_t)(hash - text) : size;
    unsigned tail_columns = columns_of(text + head, size - head);
    bool fits = label.columns <= columns;
    if (!fits && tail_columns + 2 > columns) { /* not a column of the nick beside the ellipsis */
        head = size;
        tail_columns = 0;
    }
    if (!fits && columns == 0) return (struct label){0};
    append(&label, text, fits ? head : columns_fit(text, head, columns - tail_columns - 1));
    if (!fits) append(&label, ELLIPSIS, strlen(ELLIPSIS));
    label.digits = label.size;
    append(&label, text + head, size - head);
    label.columns = columns_of(label.text, label.size);
    return label;
}

struct style label_quiet(struct style style) {
    return (struct style){COLOUR_TIME, style.attributes & STYLE_REVERSE};
}

unsigned label_draw(struct canvas *canvas, unsigned row, unsigned column, unsigned end, const struct label *label,
                    struct style style) {
    column = canvas_text(canvas, row, column, end, label->text, label->digits, style);
    return canvas_text(canvas, row, column, end, label->text + label->digits, label->size - label->digits,
                       label_quiet(style));
}
